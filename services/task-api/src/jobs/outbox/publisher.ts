import type { Logger } from '@millrace/chassis/process';
import { type Redis, whileRedisAnswers } from '@millrace/chassis/stores/redis';
import { inSpanOfEach, type SpanDescription } from '@millrace/chassis/telemetry';
import { JOB_QUEUES, type JobKind, type Priority, QUEUE_RANK } from '@millrace/contracts';

/** What the Redis queue needs to know about a job. */
export interface DueJob {
  id: string;
  kind: JobKind;
  priority: Priority;
  /** The traceparent of the request that created the job: its publications are part of that trace. */
  traceparent?: string | null | undefined;
}

/** Puts jobs on the queues in Redis. */
export interface JobPublisher {
  /** Publishing a job that is already in the queue has no effect. @throws Unavailable when Redis does not respond */
  publish: (jobs: DueJob[]) => Promise<void>;
  /**
   * Whether Redis has lost data since the last call, all of it or the latest writes. Also true when an empty Redis is asked for the first
   * time.
   *
   * @throws Unavailable when Redis does not respond, or accepts no writes
   */
  hasLostMessages: () => Promise<boolean>;
}

/** The attributes of spans about the queue: https://opentelemetry.io/docs/specs/semconv/messaging/ */
const ON_THE_QUEUE = {
  'messaging.system': 'redis',
  'messaging.destination.name': 'jobs',
  'messaging.operation.type': 'send',
};

/** Incremented at every check by any replica. If it has gone back, Redis has lost data. */
const QUESTIONS = 'jobs:questions';

export function createJobPublisher(redis: Redis): JobPublisher {
  let count = 0;
  return {
    publish: (jobs) =>
      inSpanOfEach(describePublishing, jobs, () =>
        whileRedisAnswers('ZADD jobs', async () => {
          const kinds = [...new Set(jobs.map(({ kind }) => kind))];
          await Promise.all(
            kinds.map((kind) =>
              redis.zadd(JOB_QUEUES[kind], ...membersFor(jobs.filter((job) => job.kind === kind))),
            ),
          );
        }),
      ),
    hasLostMessages: () =>
      whileRedisAnswers('INCR jobs', async () => {
        const before = count;
        count = await redis.incr(QUESTIONS);
        return count <= before || count === 1;
      }),
  };
}

function membersFor(jobs: DueJob[]) {
  return jobs.flatMap(({ id, priority }) => [QUEUE_RANK[priority], id]);
}

function describePublishing({ id }: DueJob): SpanDescription {
  return {
    name: 'publish jobs',
    kind: 'producer',
    attributes: { ...ON_THE_QUEUE, 'messaging.message.id': id },
  };
}

/** Publishes committed jobs without waiting: what Redis does not accept is left to the sweeper. */
export function publishOnTheSide(jobs: DueJob[], publisher: JobPublisher, logger: Logger): void {
  if (jobs.length === 0) return;
  publisher.publish(jobs).catch((error: unknown) => {
    logger.warn({ err: error, jobs: jobs.length }, 'not published yet, the sweeper will do it');
  });
}
