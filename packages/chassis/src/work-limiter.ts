import { Unavailable } from './http-problem.js';

export interface WorkLimiterOptions {
  /** How much work may be in flight at once: pieces, or whatever `weight` counts. */
  concurrency: number;
  /** How many pieces more may wait for their turn; 0 refuses at once. */
  queueLimit: number;
}

export interface WorkLimiter {
  /**
   * Runs `work` when its turn comes, first in, first out.
   *
   * @param weight how much of the concurrency it takes; more than there is counts as all. Default 1
   * @throws Unavailable at once when the queue is full
   */
  run<T>(work: () => Promise<T>, signal?: AbortSignal, weight?: number): Promise<T>;
  inFlight(): number;
  waiting(): number;
}

/** Bounds the work in flight and the queue before it, so that overload is a quick 503 and not a slow death. */
export function createWorkLimiter({ concurrency, queueLimit }: WorkLimiterOptions): WorkLimiter {
  let inFlight = 0;
  const queue: { weight: number; start: () => void }[] = [];

  const acquire = async (weight: number, signal?: AbortSignal) => {
    signal?.throwIfAborted();
    if (queue.length === 0 && inFlight + weight <= concurrency) {
      inFlight += weight;
      return;
    }
    if (queue.length >= queueLimit) throw new Unavailable('This replica has all the work it can take.');
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        queue.splice(queue.indexOf(waiting), 1);
        startWaiting();
        reject(new Unavailable('The client left before its turn came.', { cause: signal?.reason }));
      };
      const start = () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const waiting = { weight, start };
      signal?.addEventListener('abort', leave, { once: true });
      queue.push(waiting);
    });
  };

  /** The place of finished work goes to the next in line directly: a newcomer cannot slip in between. */
  const startWaiting = () => {
    for (let next = queue[0]; next && inFlight + next.weight <= concurrency; next = queue[0]) {
      queue.shift();
      inFlight += next.weight;
      next.start();
    }
  };

  return {
    async run(work, signal, weight = 1) {
      const taken = Math.min(weight, concurrency);
      await acquire(taken, signal);
      try {
        return await work();
      } finally {
        inFlight -= taken;
        startWaiting();
      }
    },
    inFlight: () => inFlight,
    waiting: () => queue.length,
  };
}
