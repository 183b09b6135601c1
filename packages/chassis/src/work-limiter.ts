import { Unavailable } from './http-problem.js';

export interface WorkLimiterOptions {
  /** How much work may be in flight at once. */
  concurrency: number;
  /** How many more may wait for their turn; 0 refuses at once. */
  queueLimit: number;
}

export interface WorkLimiter {
  /** Runs `work` when its turn comes, first in, first out. @throws Unavailable at once when the queue is full */
  run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  inFlight(): number;
  waiting(): number;
}

/** Bounds the work in flight and the queue before it, so that overload is a quick 503 and not a slow death. */
export function createWorkLimiter({ concurrency, queueLimit }: WorkLimiterOptions): WorkLimiter {
  let inFlight = 0;
  const queue: (() => void)[] = [];

  const acquire = async (signal?: AbortSignal) => {
    signal?.throwIfAborted();
    if (inFlight < concurrency) {
      inFlight += 1;
      return;
    }
    if (queue.length >= queueLimit) throw new Unavailable('This replica has all the work it can take.');
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        queue.splice(queue.indexOf(start), 1);
        reject(new Unavailable('The client left before its turn came.', { cause: signal?.reason }));
      };
      const start = () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      signal?.addEventListener('abort', leave, { once: true });
      queue.push(start);
    });
  };

  // The place of finished work goes to the next in line directly: a newcomer cannot slip in between.
  const release = () => {
    const next = queue.shift();
    if (next) next();
    else inFlight -= 1;
  };

  return {
    async run(work, signal) {
      await acquire(signal);
      try {
        return await work();
      } finally {
        release();
      }
    },
    inFlight: () => inFlight,
    waiting: () => queue.length,
  };
}
