import { currentContext, type Logger } from '@millrace/chassis';
import type { Postgres } from '@millrace/chassis/postgres';
import type { Scheduling } from '@millrace/contracts';
import type { AssertRoom } from './backlog.js';
import { type CreateOptions, createJob, type CreatedJob, type NewJob } from './create-job.js';
import { earlierAnswer, fingerprint, oncePerKey } from './idempotency.js';
import { type JobPublisher, publishOnTheSide } from './job-publisher.js';
import type { TaskHints } from './task-hints.js';

export interface AcceptRequest {
  job: NewJob;
  scheduling: Scheduling;
  idempotencyKey?: string | undefined;
}

/** Accepts a job and says what to answer, made by `toAnswer` from the job. */
export type AcceptJob = <Answer extends object>(
  request: AcceptRequest,
  toAnswer: (job: CreatedJob) => Answer,
) => Promise<Answer>;

export interface AcceptOptions extends CreateOptions {
  db: Postgres;
  assertRoom: AssertRoom;
  publisher: JobPublisher;
  hints: Pick<TaskHints, 'changed'>;
  logger: Logger;
}

/**
 * Once it has answered, the job will be done: it is committed. Publishing it is a matter of speed only, as the sweeper
 * publishes what Redis did not take.
 */
export function createAcceptJob(options: AcceptOptions): AcceptJob {
  const { db, assertRoom, publisher, hints, logger } = options;
  const publish = (job: CreatedJob) => {
    hints.changed();
    if (job.is_due) publishOnTheSide(job, publisher, logger);
  };

  return async <Answer extends object>(
    { job, scheduling, idempotencyKey }: AcceptRequest,
    toAnswer: (job: CreatedJob) => Answer,
  ) => {
    const context = currentContext() ?? { requestId: '' };
    if (idempotencyKey === undefined) {
      await assertRoom(job, scheduling);
      const created = await createJob(db, job, scheduling, context, options);
      publish(created);
      return toAnswer(created);
    }

    const { bytes, ...description } = { bytes: Buffer.alloc(0), ...job };
    const request = { key: idempotencyKey, fingerprint: fingerprint(description, scheduling, bytes) };
    try {
      await assertRoom(job, scheduling);
    } catch (noRoom) {
      // What has been accepted needs none.
      const answer = await earlierAnswer<Answer>(db, request);
      if (answer) return answer;
      throw noRoom;
    }
    let created: CreatedJob | undefined;
    const answer = await oncePerKey(db, request, async (tx) => {
      created = await createJob(tx, job, scheduling, context, options);
      return toAnswer(created);
    });
    if (created) publish(created);
    return answer;
  };
}
