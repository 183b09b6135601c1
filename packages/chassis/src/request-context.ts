import { AsyncLocalStorage } from 'node:async_hooks';
import { REQUEST_ID, TIMEOUT_MS, TRACEPARENT } from '@millrace/contracts';

/** What travels with a request, or a job, through everything that happens on its behalf. */
export interface RequestContext {
  requestId: string;
  traceparent?: string | undefined;
  /** When whoever asked gives up (performance.now()); undefined: nobody said. */
  deadline?: number | undefined;
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

/** Runs `work` with at most so much time, and no more than there is already. */
export function withTimeout<T>(timeoutMs: number, work: () => T): T {
  const { requestId = '', ...context } = currentContext() ?? {};
  const deadline = performance.now() + Math.min(timeoutMs, remainingMs());
  return withContext({ requestId, ...context, deadline }, work);
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
    [TIMEOUT_MS]: String(Math.ceil(timeoutMs)),
  };
}
