import { setMaxListeners } from 'node:events';
import type { Response } from 'express';
import { ClientLeft, Unavailable } from './http-problem.js';
import type { Lifecycle } from './lifecycle.js';

/**
 * A signal that aborts when there is no more use in answering: the client has left, the time it gave is over, or the process is about
 * to end. Its reasons are HttpProblems.
 *
 * @param deadline when the client gives up (performance.now()); undefined: it did not say
 */
export function requestSignal(
  res: Response,
  deadline: number | undefined,
  lifecycle: Lifecycle,
): AbortSignal {
  const end = new AbortController();
  // Everything that works on a request's behalf listens.
  setMaxListeners(0, end.signal);
  const expire = () => end.abort(new Unavailable('This replica is shutting down. Try again in a moment.'));
  const timer =
    deadline === undefined
      ? undefined
      : setTimeout(() => end.abort(timeIsOver()), Math.max(0, deadline - performance.now()));
  const close = () => {
    clearTimeout(timer);
    lifecycle.expired.removeEventListener('abort', expire);
    if (!res.writableFinished) end.abort(new ClientLeft());
  };
  if (lifecycle.expired.aborted) expire();
  lifecycle.expired.addEventListener('abort', expire);
  if (res.closed) close();
  else res.once('close', close);
  return end.signal;
}

export function timeIsOver(cause?: unknown): Unavailable {
  return new Unavailable('The time for this request is over.', { cause });
}
