import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger, StoreTls } from '@millrace/chassis/process';
import { connectRedis } from '@millrace/chassis/stores/redis';
import { type ClaimedJob, JOBS_A_REQUEST } from '@millrace/contracts';
import type { JobProcessor } from './job-processor.js';

export interface ConsumerOptions {
  /** Its key in Redis. */
  queue: string;
  redisUrl: string;
  /** Default: as the URL says. */
  tls?: StoreTls | undefined;
  /** How many jobs may be in work at once. */
  concurrency: number;
  logger: Logger;
  processor: JobProcessor;
}

export interface Consumer {
  /** Rejects when it cannot take jobs from the queue. */
  check: () => Promise<void>;
  /** How many jobs it has taken: they are being claimed, or in work. */
  taken(): number;
  /** Takes no more jobs and waits for the ones in work, for at most `deadlineMs`. */
  close(deadlineMs: number): Promise<void>;
}

/** How many claims may be in flight. Jobs that become due in the meantime are claimed together. */
const CLAIMS_AT_ONCE = 2;
/** How long to wait for a job to become due before asking again. A shutdown waits at most this long. */
const WAIT_S = 1;
/** Longer than that: afterwards, the connection is considered dead. */
const ANSWER_TIMEOUT_MS = 5_000;
/** How soon to retry what Redis did not do. */
const REDIS_RETRY_MS = 500;
/** How long Redis may take to answer the last command of a worker that shuts down. */
const GOODBYE_MS = 3_000;

/** An id from the queue, and its score. */
type Message = [id: string, score: string];

/**
 * Takes jobs from a queue in Redis, waiting for Redis as long as necessary. If a job is lost on the way, with a connection or a worker,
 * the sweeper publishes it again.
 */
export function startConsumer(options: ConsumerOptions): Consumer {
  const { queue, redisUrl, tls, concurrency, logger, processor } = options;
  const begun = new AbortController();
  const over = new AbortController();
  const shutdown = { begun: begun.signal, over: over.signal };
  // Every job in work listens.
  setMaxListeners(0, begun.signal, over.signal);
  const redis = connectRedis(redisUrl, logger, { commandTimeoutMs: ANSWER_TIMEOUT_MS, tls });

  const isClosing = () => begun.signal.aborted;
  const inWork = new Set<Promise<void>>();
  let taken = 0;
  let claims = 0;
  let wake = () => {};
  const free = (places: number) => {
    taken -= places;
    wake();
  };
  const untilThereIsRoom = async () => {
    while (!isClosing() && (taken >= concurrency || claims >= CLAIMS_AT_ONCE)) {
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };

  const start = (job: ClaimedJob) => {
    const work = processor.work(job, shutdown).finally(() => {
      inWork.delete(work);
      free(1);
    });
    inWork.add(work);
  };

  /** Claims jobs and begins them. Jobs that could not be claimed before a shutdown go back to the queue. */
  const takeOn = async (messages: Message[]) => {
    let ids = messages.map(([id]) => id);
    claims += 1;
    try {
      while (ids.length > 0) {
        const { jobs, later } = await processor.claim(ids, shutdown);
        jobs.forEach(start);
        free(ids.length - jobs.length - later.length);
        ids = later;
      }
    } catch (error) {
      logger.warn({ err: error, jobs: ids.length }, 'jobs not claimed, leaving them to others');
      free(ids.length);
      // Otherwise the sweeper publishes them again: a failed claim is not repeated without a pause.
      const left = new Set(ids);
      if (isClosing()) await putBack(messages.filter(([id]) => left.has(id)));
    } finally {
      claims -= 1;
      wake();
    }
  };

  const take = async (count: number): Promise<Message[]> => {
    const some = pairs(await redis.zpopmin(queue, count));
    if (some.length > 0) return some;
    const one = await redis.bzpopmin(queue, WAIT_S);
    return one ? [[one[1], one[2]]] : [];
  };
  const putBack = (messages: Message[]) =>
    redis.zadd(queue, ...messages.flatMap(([id, score]) => [score, id])).catch(() => undefined);

  const takeAll = async () => {
    while (!isClosing()) {
      await untilThereIsRoom();
      try {
        const messages = await take(Math.min(concurrency - taken, JOBS_A_REQUEST));
        if (messages.length === 0) continue;
        if (isClosing()) {
          await putBack(messages);
          break;
        }
        taken += messages.length;
        const work = takeOn(messages).finally(() => inWork.delete(work));
        inWork.add(work);
      } catch (error) {
        logger.debug({ err: error }, 'cannot take jobs from the queue right now');
        if (redis.status === 'ready') redis.disconnect(true);
        await sleep(REDIS_RETRY_MS, undefined, { signal: begun.signal }).catch(() => undefined);
      }
    }
  };
  const taking = takeAll();

  return {
    check: () =>
      redis.status === 'ready' && !isClosing()
        ? Promise.resolve()
        : Promise.reject(new Error('Not listening to the queue.')),
    taken: () => taken,
    async close(deadlineMs) {
      const reason = new Error('the worker is shutting down');
      begun.abort(reason);
      wake();
      const deadline = setTimeout(() => over.abort(reason), deadlineMs);
      // A hanging connection answers nothing more.
      const goodbye = setTimeout(() => redis.disconnect(), GOODBYE_MS);
      await taking;
      while (inWork.size > 0) await Promise.allSettled(inWork);
      clearTimeout(deadline);
      clearTimeout(goodbye);
      redis.disconnect();
    },
  };
}

/** Redis returns a flat list. */
function pairs(flat: string[]): Message[] {
  return Array.from({ length: flat.length / 2 }, (_, index) => [flat[2 * index]!, flat[2 * index + 1]!]);
}
