import { setTimeout as sleep } from 'node:timers/promises';

interface RetryOptions {
  /** First pause, doubled after each failure up to `maxDelayMs`. Default 100. */
  minDelayMs?: number;
  /** Default 2,000. */
  maxDelayMs?: number;
  /** Which errors are worth another try; others are rethrown. Default: all. */
  retryable?: (error: unknown) => boolean;
  /** Called before each pause. */
  onRetry?: (error: unknown, delayMs: number) => void;
  /** Stops retrying. */
  signal?: AbortSignal;
}

/** Repeats `work` until it succeeds, with exponential back-off and full jitter, so that replicas do not retry in step. */
export async function retryForever<T>(work: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { minDelayMs = 100, maxDelayMs = 2_000, retryable = () => true, onRetry, signal } = options;
  for (let limit = minDelayMs; ; limit = Math.min(limit * 2, maxDelayMs)) {
    try {
      return await work();
    } catch (error) {
      if (!retryable(error)) throw error;
      const delayMs = Math.round(limit / 2 + (Math.random() * limit) / 2);
      onRetry?.(error, delayMs);
      await sleep(delayMs, undefined, { signal });
    }
  }
}
