import { AsyncLocalStorage } from 'node:async_hooks';
import { REQUEST_ID, TRACEPARENT } from '@millrace/contracts';

/** What travels with a request, or a job, through everything that happens on its behalf. */
export interface RequestContext {
  requestId: string;
  traceparent?: string | undefined;
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

/** The headers that carry the current context to the next service. */
export function contextHeaders(): Record<string, string> {
  const context = currentContext();
  return {
    ...(context && { [REQUEST_ID]: context.requestId }),
    ...(context?.traceparent && { [TRACEPARENT]: context.traceparent }),
  };
}
