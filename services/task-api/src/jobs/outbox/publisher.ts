import type { Logger } from '@millrace/chassis/process';
import { type Redis, whileRedisAnswers } from '@millrace/chassis/stores/redis';
import { inSpanOfEach, type SpanDescription } from '@millrace/chassis/telemetry';
import { JOB_QUEUE, type Priority, QUEUE_RANK } from '@millrace/contracts';

/** What the Redis queue must know of a job. */
export interface DueJob {
  id: string;
  priority: Priority;
  /** Of the request that asked for it: whoever publishes the job, that is part of its trace. */
  traceparent?: string | null | undefined;
}

/** Puts jobs on the Redis queue. */
export interface JobPublisher {
  /** Publishing a job that lies in the queue already changes nothing. @throws Unavailable when Redis does not answer */
  publish: (jobs: DueJob[]) => Promise<void>;
  /**
   * Has Redis lost data since this was last asked, all of it or the latest? True as well the first time that anybody asks
   * an empty Redis.
   *
   * @throws Unavailable when Redis does not answer, or takes no writes
   */
  hasLostMessages: () => Promise<boolean>;
}

/** What spans say of the queue: https://opentelemetry.io/docs/specs/semconv/messaging/ */
const ON_THE_QUEUE = {
  'messaging.system': 'redis',
  'messaging.destination.name': 'jobs',
  'messaging.operation.type': 'send',
};

/** Counts up with every question of any replica. A count that went back tells that Redis is not what it was. */
const QUESTIONS = 'jobs:questions';

export function createJobPublisher(redis: Redis): JobPublisher {
  let count = 0;
  return {
    publish: (jobs) =>
      inSpanOfEach(describePublishing, jobs, () =>
        whileRedisAnswers('ZADD jobs', async () => {
          await redis.zadd(JOB_QUEUE, ...jobs.flatMap(({ id, priority }) => [QUEUE_RANK[priority], id]));
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

function describePublishing({ id }: DueJob): SpanDescription {
  return {
    name: 'publish jobs',
    kind: 'producer',
    attributes: { ...ON_THE_QUEUE, 'messaging.message.id': id },
  };
}

/** Publishes committed jobs without waiting for it: what Redis does not take is the sweeper's. */
export function publishOnTheSide(jobs: DueJob[], publisher: JobPublisher, logger: Logger): void {
  if (jobs.length === 0) return;
  publisher.publish(jobs).catch((error: unknown) => {
    logger.warn({ err: error, jobs: jobs.length }, 'not published yet, the sweeper will do it');
  });
}
