import { setMaxListeners } from 'node:events';
import { ClientLeft, Unavailable } from './http-problem.js';
import type { Lifecycle } from './lifecycle.js';

/** The signal of a request, which few ask for: it is made when the first does. */
export interface RequestSignal {
  get: () => AbortSignal;
  /** To be called when the request is over. @param finished whether the client has the whole answer */
  end(finished: boolean): void;
}

/**
 * A signal that aborts when there is no more use in answering: the client has left, the time it gave is over, or the process is about
 * to end. Its reasons are HttpProblems.
 *
 * It lives on in timers and connections that were made on the request's behalf. It must not hold the answer, and with it all that the
 * request has, its picture included: so it knows nothing of it, and is told when it ends.
 *
 * @param deadline when the client gives up (performance.now()); undefined: it did not say
 */
export function createRequestSignal(deadline: number | undefined, lifecycle: Lifecycle): RequestSignal {
  let signal: AbortSignal | undefined;
  let stop: ((finished: boolean) => void) | undefined;
  return {
    get() {
      if (!signal) [signal, stop] = watch(deadline, lifecycle);
      return signal;
    },
    end(finished) {
      stop?.(finished);
      signal ??= finished ? ENDED : AbortSignal.abort(new ClientLeft());
    },
  };
}

/** Of requests that have been answered: what goes on behind them has no end of theirs to obey. */
const ENDED = new AbortController().signal;

function watch(
  deadline: number | undefined,
  lifecycle: Lifecycle,
): [signal: AbortSignal, stop: (finished: boolean) => void] {
  const end = new AbortController();
  // Everything that works on a request's behalf listens.
  setMaxListeners(0, end.signal);
  const expire = () => end.abort(new Unavailable('This replica is shutting down. Try again in a moment.'));
  const timer =
    deadline === undefined
      ? undefined
      : setTimeout(() => end.abort(timeIsOver()), Math.max(0, deadline - performance.now()));
  if (lifecycle.expired.aborted) expire();
  lifecycle.expired.addEventListener('abort', expire);
  const stop = (finished: boolean) => {
    clearTimeout(timer);
    lifecycle.expired.removeEventListener('abort', expire);
    if (!finished) end.abort(new ClientLeft());
  };
  return [end.signal, stop];
}

export function timeIsOver(cause?: unknown): Unavailable {
  return new Unavailable('The time for this request is over.', { cause });
}
