import type { Logger } from '@millrace/chassis/process';
import { despiteRefusals, type Postgres, type Queryable } from '@millrace/chassis/stores/postgres';
import { coalesce } from '@millrace/chassis/work';
import type { Scheduling } from '@millrace/contracts';
import type { AssertRoom } from './backlog.js';
import {
  createImageJob,
  createJobs,
  type CreatedJob,
  type CreateOptions,
  inputBytes,
  type JobRequest,
  type NewJob,
  type NewTaskJob,
  type NewTextJob,
  requestFor,
} from './create-job.js';
import { countAccepted } from '../job-counters.js';
import { earlierAnswer, type KeyedRequest, oncePerKey } from '../../idempotency/keys.js';
import { type JobPublisher, publishOnTheSide } from '../outbox/publisher.js';
import type { TaskHints } from '../../tasks/task-hints.js';

export interface AcceptRequest {
  job: NewJob;
  scheduling: Scheduling;
  /** What identifies the request, and a hash of what it asks for. */
  keyed?: KeyedRequest | undefined;
}

/** Accepts a job and builds the response with `toAnswer`. */
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

/** The limit of one statement; texts can be long. */
const JOBS_A_STATEMENT = 200;
const BYTES_A_STATEMENT = 1024 * 1024;

/**
 * Once it has returned, the job will be done: it is committed. Publishing only makes it faster, as the sweeper publishes what Redis did not
 * take.
 */
export function createAcceptJob(options: AcceptOptions): AcceptJob {
  const { db, assertRoom, publisher, hints, logger } = options;
  const publish = (jobs: CreatedJob[]) => {
    hints.changed(jobs.map(({ owner }) => owner));
    publishOnTheSide(
      jobs.filter(({ is_due }) => is_due),
      publisher,
      logger,
    );
  };

  /** Jobs that arrive at the same time are committed together. */
  const createTogether = coalesce<JobRequest<NewTaskJob | NewTextJob>, CreatedJob>({
    async run(requests) {
      const created = await despiteRefusals(requests, (some) => createJobs(db, some, options));
      publish(created.filter((job): job is CreatedJob => !(job instanceof Error)));
      return created;
    },
    maxItems: JOBS_A_STATEMENT,
    weigh: ({ job }) => inputBytes(job),
    maxWeight: BYTES_A_STATEMENT,
  });
  const create = async ({ job, scheduling }: AcceptRequest) => {
    if (job.kind !== 'image') return createTogether(requestFor(job, scheduling));
    const created = await createImageJob(db, requestFor(job, scheduling), options);
    publish([created]);
    return created;
  };
  const createIn = async (tx: Queryable, { job, scheduling }: AcceptRequest) => {
    if (job.kind === 'image') return createImageJob(tx, requestFor(job, scheduling), options);
    const [created] = await createJobs(tx, [requestFor(job, scheduling)], options);
    return created!;
  };

  return async <Answer extends object>(request: AcceptRequest, toAnswer: (job: CreatedJob) => Answer) => {
    const { job, scheduling, keyed } = request;
    if (!keyed) {
      await assertRoom(job, scheduling);
      const created = await create(request);
      countAccepted(job.kind);
      return toAnswer(created);
    }

    try {
      await assertRoom(job, scheduling);
    } catch (noRoom) {
      // What has already been accepted needs no room.
      const answer = await earlierAnswer<Answer>(db, keyed);
      if (answer) return answer;
      throw noRoom;
    }
    let created: CreatedJob | undefined;
    const answer = await oncePerKey(db, keyed, async (tx) => {
      created = await createIn(tx, request);
      return toAnswer(created);
    });
    if (created) {
      publish([created]);
      countAccepted(job.kind);
    }
    return answer;
  };
}
