import { HttpProblem, TooManyRequests, Unavailable } from '../http/problem.js';
import { type Claim, createFairLine } from './fair-line.js';
import { currentContext, currentSignal } from '../process/context/request-context.js';
import { countLimiter } from './limiter-metrics.js';

export interface WorkLimiterOptions {
  /** In the metrics. Default: it is in none. */
  name?: string;
  /** What the concurrency counts. Default: places. */
  unit?: 'places' | 'bytes';
  /** How much work may be in flight at once: pieces, or whatever `weight` counts. */
  concurrency: number;
  /** How many more pieces may wait for their turn; 0 refuses at once. */
  queueLimit: number;
  /** The share of the concurrency that one client's work may take, at least one piece. Default 1: all of it. */
  clientShare?: number;
  /** The share of the concurrency that all background work may take, at least one piece. Default 1: all of it. */
  backgroundShare?: number;
  /**
   * The share of a place's time that one client's background work may take while other clients have other work. Default: no limit.
   */
  backgroundTime?: number;
  /** When it aborts, waiting work is refused, so that it goes elsewhere; work in flight continues. */
  draining?: AbortSignal;
}

export interface WorkOptions {
  /** How much of the concurrency it takes; anything above the total counts as all of it. Default 1 */
  weight?: number;
  /** It takes long, or nobody waits for it: see `backgroundShare`. Default false */
  background?: boolean;
  /** Stops waiting. Default: the signal of the current request. */
  signal?: AbortSignal | undefined;
  /** How long it may wait, in ms; then it is refused (Unavailable). Default: no limit. */
  waitMs?: number;
}

export interface WorkLimiter {
  /**
   * Runs `work` when its turn comes. Its place becomes free when it has ended, and not before. The next turn goes to the client (see
   * `RequestContext.client`) that has used least recently, first in, first out for each client; a client's background work lets its other
   * work pass. When the queue is full, the client with the most waiting requests loses its last place to one with fewer.
   *
   * @throws Unavailable when the queue is full, or this replica drains; TooManyRequests when the place went to another client; the reason
   *   of the signal when it aborts while waiting
   */
  run<T>(work: () => Promise<T>, options?: WorkOptions): Promise<T>;
  inFlight(): number;
  waiting(): number;
  /** How many pieces were refused so far, because the queue was full, or they had waited for too long. */
  refused(): number;
}

/** Bounds the work in flight and the queue behind it, so that overload means a quick 503 instead of a slow death. */
export function createWorkLimiter(options: WorkLimiterOptions): WorkLimiter {
  const { concurrency, queueLimit, clientShare = 1, backgroundShare = 1, draining } = options;
  const { backgroundTime = Infinity } = options;
  let refused = 0;
  const line = createFairLine({
    capacity: concurrency,
    share: concurrency * clientShare,
    backgroundShare: concurrency * backgroundShare,
    backgroundTime,
  });

  draining?.addEventListener('abort', () => {
    for (const place of line.all()) place.refuse(new Unavailable(DRAINING));
  });

  const waitForTurn = (claim: Claim, signal: AbortSignal | undefined, waitMs: number | undefined) => {
    if (draining?.aborted) throw new Unavailable(DRAINING);
    if (line.length() >= queueLimit) {
      refused += 1;
      const last = line.lastOfLongest(claim.client);
      if (!last) throw new Unavailable('This replica is at capacity.');
      last.refuse(new TooManyRequests('Other clients are waiting too. Send fewer requests at a time.'));
    }
    return new Promise<void>((resolve, reject) => {
      const leave = () => place.refuse(reasonOf(signal!));
      const giveUp = () => {
        refused += 1;
        place.refuse(new Unavailable('This replica is at capacity.'));
      };
      const timer = waitMs === undefined ? undefined : setTimeout(giveUp, waitMs);
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', leave);
      };
      const place = line.join(claim, {
        start() {
          end();
          resolve();
        },
        refuse(problem) {
          end();
          reject(problem);
        },
      });
      signal?.addEventListener('abort', leave, { once: true });
    });
  };

  const limiter: WorkLimiter = {
    async run(work, { weight = 1, background = false, signal = currentSignal(), waitMs } = {}) {
      const client = currentContext()?.client ?? '';
      const claim = { client, weight: Math.min(weight, concurrency), background };
      if (signal?.aborted) throw reasonOf(signal);
      if (!line.take(claim)) await waitForTurn(claim, signal, waitMs);
      const begun = performance.now();
      try {
        return await work();
      } finally {
        line.giveBack(claim, performance.now() - begun);
      }
    },
    inFlight: () => line.taken(),
    waiting: () => line.length(),
    refused: () => refused,
  };
  countLimiter(limiter, options);
  return limiter;
}

const DRAINING = 'This replica is shutting down. Try again in a moment.';

function reasonOf(signal: AbortSignal): HttpProblem {
  if (signal.reason instanceof HttpProblem) return signal.reason;
  return new Unavailable('The request was cancelled while it was waiting.', { cause: signal.reason });
}
