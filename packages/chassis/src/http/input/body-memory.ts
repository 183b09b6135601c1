import type { Request, Response } from 'express';
import { remainingMs, withSignal } from '../../process/context/request-context.js';
import { timeIsOver } from '../request-signal.js';
import { createWorkLimiter } from '../../work/work-limiter.js';

/** Bodies up to this size reserve nothing: thousands of them take only a few megabytes. */
export const SMALL_BODY_BYTES = 16 * 1024;
/** For all other JSON bodies of a process together. Processing a body takes several times its size. */
const MEMORY_BYTES = 4 * 1024 ** 2;
/** How many requests may wait for memory. */
const QUEUE_LIMIT = 100;
/** For waiting and responding: Nginx gives up after 5 s. */
const TIMEOUT_MS = 4_500;

const memory = createWorkLimiter({
  name: 'json_bodies',
  unit: 'bytes',
  concurrency: MEMORY_BYTES,
  queueLimit: QUEUE_LIMIT,
  clientShare: 0.5,
});

/**
 * Waits until there is memory for the body before it is read, and holds that until the response has ended. Clients take turns, so
 * that one with long bodies does not hold up the others.
 *
 * @param maxBytes the maximum size; reserved when the length is unknown
 * @throws Unavailable, TooManyRequests: see `WorkLimiter`
 */
export async function withBodyMemory(
  req: Request,
  res: Response,
  maxBytes: number,
  goOn: () => void,
): Promise<void> {
  const length = req.get('content-encoding') === undefined ? req.get('content-length') : undefined;
  const weight = Math.min(Number(length ?? maxBytes), maxBytes);
  if (weight <= SMALL_BODY_BYTES) {
    goOn();
    return;
  }
  const timeoutMs = Math.min(TIMEOUT_MS, remainingMs());
  const time = new AbortController();
  // Not AbortSignal.timeout: its timer would keep the request, and so the body, until long after the answer.
  const timer = setTimeout(() => time.abort(timeIsOver()), timeoutMs);
  const untilAnswered = () =>
    new Promise<void>((resolve) => {
      res.once('close', () => {
        // A connection that is kept alive keeps its last request.
        req.body = undefined;
        resolve();
      });
      goOn();
    });
  res.once('close', () => clearTimeout(timer));
  await withSignal(time.signal, () => memory.run(untilAnswered, { weight }), performance.now() + timeoutMs);
}
