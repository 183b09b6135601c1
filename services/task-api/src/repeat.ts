import { setTimeout as sleep } from 'node:timers/promises';

export interface RepeatOptions {
  /** The pause before the first run, and between two runs. */
  everyMs: number;
  /** `work` failed; it is repeated anyway. */
  onError: (error: unknown) => void;
}

/**
 * Repeats `work` in the background. Its signal aborts when it should stop.
 *
 * @returns a function that stops it and waits for the running work
 */
export function repeat(
  work: (signal: AbortSignal) => Promise<void>,
  { everyMs, onError }: RepeatOptions,
): () => Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const loop = async () => {
    while (await pause(everyMs, signal)) await work(signal).catch(onError);
  };
  const ended = loop();
  return () => {
    stopping.abort();
    return ended;
  };
}

/** @returns whether to continue: false as soon as the signal aborts */
export async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}
