import { AsyncLocalStorage } from 'node:async_hooks';
import { setMaxListeners } from 'node:events';
import { CLIENT_ADDRESS, REQUEST_ID, TIMEOUT_MS, TRACEPARENT } from '@millrace/contracts';
import { type Cancellation, cancellationBy } from './cancellation.js';

/** What travels with a request, or a job, through everything that happens on its behalf. */
export interface RequestContext {
  requestId: string;
  traceparent?: string | undefined;
  /** Whose work it is: what has the same client takes turns as one. An address, or a name such as `jobs`. */
  client?: string | undefined;
  /** When whoever asked gives up (performance.now()); undefined: nobody said. */
  deadline?: number | undefined;
  /** See `currentSignal`. A function, as most requests never need a signal, and making one costs. */
  signal?: (() => AbortSignal) | undefined;
  /** What `signal` tells. Default: made from it. */
  cancellation?: Cancellation | undefined;
  /** See `workMayHaveBegun`; one object for a request and all contexts within it. */
  effects?: { begun: boolean };
}

const storage = new AsyncLocalStorage<RequestContext>();

/** The context of the request or job being worked on; undefined outside of one. */
export function currentContext(): RequestContext | undefined {
  return storage.getStore();
}

/** Runs `work` so that everything it starts sees `context`. */
export function withContext<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}

/**
 * Aborts when the outcome of the current request or job is of no more use: its client has left, its time is over, or its replica
 * ends. The reason is an HttpProblem where we made it. Limiters and service clients obey it without being told. Undefined outside of a
 * request.
 */
export function currentSignal(): AbortSignal | undefined {
  return storage.getStore()?.signal?.();
}

/** What `currentSignal` tells, at a fraction of the cost. */
export function currentCancellation(): Cancellation | undefined {
  const context = storage.getStore();
  return context?.cancellation ?? (context?.signal && cancellationBy(context.signal()));
}

/** Says that the current request may have changed something: from now on, repeating it may do it twice. */
export function workMayHaveBegun(): void {
  const effects = storage.getStore()?.effects;
  if (effects) effects.begun = true;
}

/** Runs `work` with at most so much time, and no more than there is already. */
export function withTimeout<T>(timeoutMs: number, work: () => T): T {
  const limitMs = Math.max(0, Math.min(timeoutMs, remainingMs()));
  const { signal, clear } = timeLimit(limitMs);
  const result = withSignal(signal, work, performance.now() + limitMs);
  Promise.resolve(result).then(clear, clear);
  return result;
}

/**
 * A signal that aborts with a TimeoutError after a time, or with the reason of `outer` when that is given up. In place of
 * `AbortSignal.timeout` and `AbortSignal.any`, whose timer lives on, and with it everything that the request has in memory, long after the
 * work has ended.
 *
 * @returns also what ends it: to be called when the work has ended
 */
export function timeLimit(ms: number, outer?: Cancellation): { signal: AbortSignal; clear: () => void } {
  const end = new AbortController();
  setMaxListeners(0, end.signal);
  const timer = setTimeout(() => end.abort(new DOMException('The time is over.', 'TimeoutError')), ms);
  const reason = outer?.reason();
  if (reason) end.abort(reason);
  const stopListening = outer?.listen((why) => end.abort(why));
  return {
    signal: end.signal,
    clear() {
      clearTimeout(timer);
      stopListening?.();
    },
  };
}

/** Runs `work` so that it ends when `signal` aborts, and when it would end anyway. */
export function withSignal<T>(signal: AbortSignal, work: () => T, deadline?: number): T {
  const outer = currentContext() ?? { requestId: '' };
  let both: AbortSignal | undefined;
  const either = () => (both ??= outer.signal ? AbortSignal.any([outer.signal(), signal]) : signal);
  const ends = { signal: either, cancellation: undefined };
  return withContext({ ...outer, ...(deadline !== undefined && { deadline }), ...ends }, work);
}

/** How long the one who asked will wait still; Infinity when nobody said. Not above zero: it is too late. */
export function remainingMs(): number {
  return (currentContext()?.deadline ?? Infinity) - performance.now();
}

/**
 * The headers that carry the current context to the next service.
 *
 * @param timeoutMs how long its answer is waited for
 */
export function contextHeaders(timeoutMs: number): Record<string, string> {
  const context = currentContext();
  return {
    ...(context?.requestId && { [REQUEST_ID]: context.requestId }),
    ...(context?.traceparent && { [TRACEPARENT]: context.traceparent }),
    ...(context?.client && { [CLIENT_ADDRESS]: context.client }),
    [TIMEOUT_MS]: String(Math.ceil(timeoutMs)),
  };
}
