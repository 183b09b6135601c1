import { setMaxListeners } from 'node:events';
import type { Response } from 'express';
import { ClientLeft, Unavailable } from './http-problem.js';
import type { Lifecycle } from './lifecycle.js';

/**
 * A signal that aborts when there is no more use in answering: the client has left, the time it gave is over, or the process is about
 * to end. Its reasons are HttpProblems.
 *
 * @param deadline when the client gives up (performance.now()); undefined: it did not say
 * @returns makes the signal when it is first asked for one
 */
export function requestSignal(
  res: Response,
  deadline: number | undefined,
  lifecycle: Lifecycle,
): () => AbortSignal {
  // A context lives on in timers and connections that were made in it. It must not hold the answer, and with it all that the request has,
  // its picture included: no function below may name `res`.
  let live: Response | undefined = res;
  let signal: AbortSignal | undefined;
  const close = () => {
    if (!live?.writableFinished) signal ??= AbortSignal.abort(new ClientLeft());
    live = undefined;
  };
  res.once('close', close);
  return () => (signal ??= live && !live.closed ? watch(live, deadline, lifecycle) : ENDED);
}

/** Of requests that have been answered: what goes on behind them has no end of theirs to obey. */
const ENDED = new AbortController().signal;

function watch(res: Response, deadline: number | undefined, lifecycle: Lifecycle): AbortSignal {
  const end = new AbortController();
  // Everything that works on a request's behalf listens.
  setMaxListeners(0, end.signal);
  let live: Response | undefined = res;
  const expire = () => end.abort(new Unavailable('This replica is shutting down. Try again in a moment.'));
  const timer =
    deadline === undefined
      ? undefined
      : setTimeout(() => end.abort(timeIsOver()), Math.max(0, deadline - performance.now()));
  if (lifecycle.expired.aborted) expire();
  lifecycle.expired.addEventListener('abort', expire);
  res.once('close', () => {
    clearTimeout(timer);
    lifecycle.expired.removeEventListener('abort', expire);
    if (!live?.writableFinished) end.abort(new ClientLeft());
    live = undefined;
  });
  return end.signal;
}

export function timeIsOver(cause?: unknown): Unavailable {
  return new Unavailable('The time for this request is over.', { cause });
}
