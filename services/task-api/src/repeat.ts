import { setTimeout as sleep } from 'node:timers/promises';

export interface RepeatOptions {
  /** The pause before the first time, and between two. */
  everyMs: number;
  /** `work` failed; it is repeated all the same. */
  onError: (error: unknown) => void;
}

/**
 * Does `work` again and again in the background. Its signal aborts when it should come to an end.
 *
 * @returns a function that stops it and waits for the work under way
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

/** @returns whether to go on: false as soon as the signal aborts */
export async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}
