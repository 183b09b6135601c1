/**
 * Whether something has been given up, and why. What an AbortSignal tells, for the many that only want to be told: on Node 20 each signal
 * costs as much as a call to another service, for its prototype is changed after it has been made.
 */
export interface Cancellation {
  /** Undefined as long as it has not been given up. */
  reason(): Error | undefined;
  /** @returns what ends the listening */
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
