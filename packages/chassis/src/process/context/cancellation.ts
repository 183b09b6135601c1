/**
 * Whether something has been cancelled, and why: a lightweight AbortSignal. On Node 20 each AbortSignal costs as much as a call to another
 * service, because its prototype is changed after creation.
 */
export interface Cancellation {
  /** Undefined until it is cancelled. */
  reason(): Error | undefined;
  /** @returns a function that stops listening */
  listen(listener: (reason: Error) => void): () => void;
}

export function cancellationBy(signal: AbortSignal): Cancellation {
  const reason = () => signal.reason as Error;
  return {
    reason: () => (signal.aborted ? reason() : undefined),
    listen(listener) {
      const tell = () => listener(reason());
      signal.addEventListener('abort', tell);
      return () => signal.removeEventListener('abort', tell);
    },
  };
}
