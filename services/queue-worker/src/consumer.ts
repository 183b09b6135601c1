import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger, withContext } from '@millrace/chassis';
import { backOff, logConnection } from '@millrace/chassis/redis';
import { JOB_QUEUE, type JobMessage } from '@millrace/contracts';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';

export interface ConsumerOptions {
  redisUrl: string;
  concurrency: number;
  logger: Logger;
  process: (message: JobMessage, shutdown: Shutdown) => Promise<void>;
}

export interface Shutdown {
  /** Aborts when nothing more is to be begun; what has begun goes on. */
  begun: AbortSignal;
  /** Aborts when the process must end, whatever is still in work. */
  over: AbortSignal;
}

export interface Consumer {
  /** Takes no more messages and waits for the ones in work, at most `deadlineMs`. */
  close(deadlineMs: number): Promise<void>;
}

/** How soon the message of a worker that vanished goes to another one. */
const LOCK_MS = 10_000;
const STALLED_CHECK_MS = 5_000;
/** How soon to try again what Redis did not do. BullMQ's default would idle a busy worker for 15 s after each outage. */
const REDIS_RETRY_MS = 500;
/** How long Redis may take to answer the last word of a worker that has no more work. */
const GOODBYE_MS = 3_000;

/** Takes messages from the Redis queue, for as long as it takes Redis to be there. */
export function startConsumer({ redisUrl, concurrency, logger, process }: ConsumerOptions): Consumer {
  const begun = new AbortController();
  const over = new AbortController();
  const shutdown = { begun: begun.signal, over: over.signal };
  // Every message in work listens.
  setMaxListeners(0, begun.signal, over.signal);
  // A worker waits for messages, and for Redis, without end: hence no limit of retries.
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null, retryStrategy: backOff });
  logConnection(redis, logger);

  const inWork = new Set<Promise<void>>();
  const worker = new Worker<JobMessage>(
    JOB_QUEUE,
    async ({ data }) => {
      // All jobs take turns as one client: those who wait for an answer come between.
      const context = { requestId: data.requestId, traceparent: data.traceparent, client: 'jobs' };
      const work = withContext(context, () => process(data, shutdown));
      inWork.add(work);
      await work.finally(() => inWork.delete(work));
    },
    {
      connection: redis,
      concurrency,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      runRetryDelay: REDIS_RETRY_MS,
      // A worker's death costs a message one of these; PostgreSQL counts the attempts that matter.
      maxStalledCount: 1_000,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    },
  );
  // Connection errors are told by `logConnection`.
  worker.on('error', (error) => logger.debug({ err: error }, 'queue error'));
  worker.on('failed', (_job, error) => {
    logger.warn({ err: error }, 'message given up, the sweeper will publish its job again');
  });

  return {
    async close(deadlineMs) {
      // BullMQ waits for its jobs without end: they have to give up by themselves.
      const reason = new Error('the worker is shutting down');
      begun.abort(reason);
      const deadline = setTimeout(() => over.abort(reason), deadlineMs);
      // And for Redis: it waits to hear of the end of a connection that is not there,
      const force = redis.status !== 'ready';
      const closed = worker.close(force);
      do {
        await Promise.allSettled(inWork);
        // or for an answer on one that hangs.
        await Promise.race([closed, sleep(GOODBYE_MS, undefined, { ref: false })]);
      } while (inWork.size > 0);
      clearTimeout(deadline);
      redis.disconnect();
      await closed;
    },
  };
}
