import { AsyncLocalStorage } from 'node:async_hooks';
import { setMaxListeners } from 'node:events';
import { CLIENT_ADDRESS, REQUEST_ID, TIMEOUT_MS, TRACEPARENT } from '@millrace/contracts';
import { type Cancellation, cancellationBy } from './cancellation.js';

/** What accompanies a request or a job through everything done for it. */
export interface RequestContext {
  requestId: string;
  /** The current span as a traceparent; while tracing is off here, the caller's. */
  traceparent?: string | undefined;
  /** Whose work it is, for fair queueing: an address, or a name such as `jobs`. */
  client?: string | undefined;
  /** Who sent the request; undefined with AUTH_MODE=off. */
  principal?: Principal | undefined;
  /** The caller's deadline (performance.now()); undefined without one. */
  deadline?: number | undefined;
  /** See `currentSignal`. A function, because most requests never need a signal and creating one is costly. */
  signal?: (() => AbortSignal) | undefined;
  /** The same as `signal`. Default: derived from it. */
  cancellation?: Cancellation | undefined;
  /** See `workMayHaveBegun`; one object for a request and all its nested contexts. */
  effects?: { begun: boolean };
}

/** Who makes a request, as far as it has been proven. */
export interface Principal {
  /** The owner of what the request creates: issuer and subject. Undefined for a service that acts for nobody. */
  owner: string | undefined;
  scopes: ReadonlySet<string>;
  /** When that expires (Date.now()); undefined for a service. */
  expiresAt?: number;
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
 * Aborts when the outcome of the current request or job no longer matters: its client has disconnected, its time is over, or its replica
 * is exiting. Our own reasons are HttpProblems. Limiters and service clients obey it automatically. Undefined outside of a
 * request.
 */
export function currentSignal(): AbortSignal | undefined {
  return storage.getStore()?.signal?.();
}

/** The same as `currentSignal`, at a fraction of the cost. */
export function currentCancellation(): Cancellation | undefined {
  const context = storage.getStore();
  return context?.cancellation ?? (context?.signal && cancellationBy(context.signal()));
}

/** Records that the current request may have changed something: from now on, retrying it may do it twice. */
export function workMayHaveBegun(): void {
  const effects = storage.getStore()?.effects;
  if (effects) effects.begun = true;
}

/** Runs `work` with a time limit, within the one that already applies. */
export function withTimeout<T>(timeoutMs: number, work: () => T): T {
  const limitMs = Math.max(0, Math.min(timeoutMs, remainingMs()));
  const { signal, clear } = timeLimit(limitMs);
  const result = withSignal(signal, work, performance.now() + limitMs);
  Promise.resolve(result).then(clear, clear);
  return result;
}

/**
 * A signal that aborts with a TimeoutError after a time, or with the reason of `outer` when that aborts. Unlike
 * `AbortSignal.timeout` and `AbortSignal.any`, its timer, which keeps everything of the request in memory, does not outlive
 * the work.
 *
 * @returns also a function to call when the work has ended
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

/** Runs `work` with a signal that also aborts it, besides the current one. */
export function withSignal<T>(signal: AbortSignal, work: () => T, deadline?: number): T {
  const outer = currentContext() ?? { requestId: '' };
  let both: AbortSignal | undefined;
  const either = () => (both ??= outer.signal ? AbortSignal.any([outer.signal(), signal]) : signal);
  const ends = { signal: either, cancellation: undefined };
  return withContext({ ...outer, ...(deadline !== undefined && { deadline }), ...ends }, work);
}

/** How long the caller will still wait; Infinity without a deadline, zero or less when it is too late. */
export function remainingMs(): number {
  return (currentContext()?.deadline ?? Infinity) - performance.now();
}

/**
 * The headers that carry the current context to the next service.
 *
 * @param timeoutMs how long we wait for its response
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
