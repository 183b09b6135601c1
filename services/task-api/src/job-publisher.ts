import type { Logger } from '@millrace/chassis';
import { type Redis, whileRedisAnswers } from '@millrace/chassis/redis';
import { JOB_QUEUE, type JobMessage, type Priority } from '@millrace/contracts';
import { Queue } from 'bullmq';

/** What the Redis queue must know of a job. */
export interface DueJob {
  id: string;
  attempt: number;
  priority: Priority;
  request_id: string;
  traceparent: string | null;
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
  close(): Promise<void>;
}

/** BullMQ's: the lower, the earlier. */
const RANK: Record<Priority, number> = { high: 1, medium: 2, low: 3 };

export function createJobPublisher(redis: Redis): JobPublisher {
  const queue = new Queue<JobMessage>(JOB_QUEUE, {
    connection: redis,
    // An ended message leaves at once: its id may then be published again, and PostgreSQL keeps the history.
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
  });
  // Told by the connection's own listener.
  queue.on('error', () => undefined);
  // Counts up with every question of any replica. A count that went back tells that Redis is not what it was.
  const counter = queue.toKey('questions');
  let count = 0;

  return {
    publish: (jobs) =>
      whileRedisAnswers(async () => {
        // BullMQ would wait for a connection without end.
        if (redis.status !== 'ready') throw new Error(`the connection is ${redis.status}`);
        await queue.addBulk(jobs.map(toMessage));
      }),
    hasLostMessages: () =>
      whileRedisAnswers(async () => {
        const before = count;
        count = await redis.incr(counter);
        return count <= before || count === 1;
      }),
    close: () => queue.close(),
  };
}

/** Publishes a committed job without waiting for it: what Redis does not take is the sweeper's. */
export function publishOnTheSide(job: DueJob, publisher: JobPublisher, logger: Logger): void {
  publisher.publish([job]).catch((error: unknown) => {
    logger.warn({ err: error, job_id: job.id }, 'not published yet, the sweeper will do it');
  });
}

/** The message's id holds the attempt: published twice for one attempt it is one message, for the next it is a new one. */
function toMessage({ id, attempt, priority, request_id, traceparent }: DueJob) {
  return {
    name: 'job',
    data: { jobId: id, requestId: request_id, ...(traceparent && { traceparent }) },
    opts: { jobId: `${id}-${attempt}`, priority: RANK[priority] },
  };
}
