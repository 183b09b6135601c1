import type { Lifecycle } from '@millrace/chassis';
import type { Response } from 'express';

/** More often than any proxy on the way gives up on a silent connection (Nginx: 30 s). */
const HEARTBEAT_EVERY_MS = 10_000;
/** How long a client waits before it connects again after a break. */
const RECONNECT_AFTER_MS = 1_000;

/**
 * Begins an answer of server-sent events. It is kept alive, and ends when this replica shuts down: the client then
 * connects to another.
 */
export function openEventStream(res: Response, lifecycle: Lifecycle): void {
  res.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
    // Nginx hands each event on at once.
    'X-Accel-Buffering': 'no',
  });
  res.write(`retry: ${RECONNECT_AFTER_MS}\n\n`);

  const end = () => res.end();
  const heartbeat = setInterval(() => res.write(': still here\n\n'), HEARTBEAT_EVERY_MS);
  lifecycle.closing.addEventListener('abort', end);
  // Comes in every case: at the end of the stream, of this process, or of the client's patience.
  res.once('close', () => {
    clearInterval(heartbeat);
    lifecycle.closing.removeEventListener('abort', end);
  });
  if (lifecycle.closing.aborted) end();
}
