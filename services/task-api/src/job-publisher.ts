import { type Redis, whileRedisAnswers } from '@millrace/chassis/redis';
import { JOB_QUEUE, type JobMessage } from '@millrace/contracts';
import { Queue } from 'bullmq';
import type { DueJob } from './job-store.js';

/** Puts jobs on the Redis queue. */
export interface JobPublisher {
  /** Publishing a job that lies in the queue already changes nothing. @throws Unavailable when Redis does not answer */
  publish: (jobs: DueJob[]) => Promise<void>;
  close(): Promise<void>;
}

export function createJobPublisher(redis: Redis): JobPublisher {
  const queue = new Queue<JobMessage>(JOB_QUEUE, {
    connection: redis,
    // An ended message leaves at once: its id may then be published again, and PostgreSQL keeps the history.
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
  });
  // Told by the connection's own listener.
  queue.on('error', () => undefined);

  return {
    publish: (jobs) =>
      whileRedisAnswers(async () => {
        // BullMQ would wait for a connection without end.
        if (redis.status !== 'ready') throw new Error(`the connection is ${redis.status}`);
        await queue.addBulk(jobs.map(toMessage));
      }),
    close: () => queue.close(),
  };
}

/** The message's id holds the attempt: published twice for one attempt it is one message, for the next it is a new one. */
function toMessage({ id, attempt, request_id, traceparent }: DueJob) {
  return {
    name: 'job',
    data: { jobId: id, requestId: request_id, ...(traceparent && { traceparent }) },
    opts: { jobId: `${id}-${attempt}` },
  };
}
