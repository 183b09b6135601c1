import { currentSignal } from '@millrace/chassis/process';

/** Runs long computations side by side, in slices, so that they block neither each other nor the event loop. */
export interface Turns {
  /**
   * Runs `steps` to the end. A step cannot be interrupted; the first one runs at once, because most computations need no more.
   *
   * @returns what they return
   * @throws what they throw, or why the result is no longer needed: see `currentSignal`
   */
  run<T>(steps: Generator<void, T>): Promise<T>;
}

interface Computation {
  steps: Generator<void, unknown>;
  signal: AbortSignal | undefined;
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/** @param sliceMs how long all computations together may occupy each turn of the event loop; exceeded by at most one step */
export function createTurns(sliceMs: number): Turns {
  const line: Computation[] = [];

  const runSlice = () => {
    const endsAt = performance.now() + sliceMs;
    while (line.length > 0 && performance.now() < endsAt) {
      if (hasEnded(line[0]!)) line.shift();
    }
    if (line.length === 0) return;
    line.push(line.shift()!);
    setImmediate(runSlice);
  };

  return {
    async run<T>(steps: Generator<void, T>): Promise<T> {
      const first = steps.next();
      if (first.done) return first.value;
      const signal = currentSignal();
      const end = new Promise<unknown>((resolve, reject) => {
        if (line.push({ steps, signal, resolve, reject }) === 1) setImmediate(runSlice);
      });
      return (await end) as T;
    },
  };
}

/** Runs the next step. */
function hasEnded({ steps, signal, resolve, reject }: Computation): boolean {
  try {
    signal?.throwIfAborted();
    const { done, value } = steps.next();
    if (done) resolve(value);
    return done ?? false;
  } catch (error) {
    reject(error as Error);
    return true;
  }
}
