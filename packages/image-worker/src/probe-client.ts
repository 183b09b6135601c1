import type { Request, Response } from 'express';

const PROBE_MS = 1_000;

/**
 * Writes `102 Processing` to the client every second, until the returned function is called.
 *
 * A socket with an unread body is not read at all, so Node does not see that its other end closed. Writing to it shows
 * it. To a client that waits it is a sign of life, which also holds off its time-out for the headers (undici, fetch).
 */
export function probeClient(req: Request, res: Response): () => void {
  if (req.httpVersion !== '1.1') return () => {};
  const timer = setInterval(() => res.writeProcessing(), PROBE_MS);
  return () => clearInterval(timer);
}
