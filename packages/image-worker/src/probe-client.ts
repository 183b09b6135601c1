import type { Request, Response } from 'express';

const PROBE_MS = 1_000;

/**
 * Writes `102 Processing` to the client every second, until the returned function is called.
 *
 * Node does not read a socket with an unread body, so it does not notice when the other end closes. Writing to it reveals that. For a
 * waiting client it is a sign of life, which also resets its time-out for the headers (undici, fetch).
 */
export function probeClient(req: Request, res: Response): () => void {
  if (req.httpVersion !== '1.1') return () => {};
  const timer = setInterval(() => res.writeProcessing(), PROBE_MS);
  return () => clearInterval(timer);
}
