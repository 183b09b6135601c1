/** Runs long computations side by side, in slices, so that they hold up neither each other nor the event loop. */
export interface Turns {
  /** Runs `steps` to their end, a step being what may not be interrupted. @returns what they return */
  run<T>(steps: Generator<void, T>): Promise<T>;
}

/** @param sliceMs how long all computations together may hold each turn of the event loop; exceeded by one step at most */
export function createTurns(sliceMs: number): Turns {
  /** Each runs one step, and answers whether it was the last. */
  const line: (() => boolean)[] = [];

  const runSlice = () => {
    const endsAt = performance.now() + sliceMs;
    while (line.length > 0 && performance.now() < endsAt) {
      if (line[0]!()) line.shift();
    }
    if (line.length === 0) return;
    line.push(line.shift()!);
    setImmediate(runSlice);
  };

  return {
    run: (steps) =>
      new Promise((resolve, reject) => {
        const step = () => {
          try {
            const { done, value } = steps.next();
            if (done) resolve(value);
            return done ?? false;
          } catch (error) {
            reject(error);
            return true;
          }
        };
        if (line.push(step) === 1) setImmediate(runSlice);
      }),
  };
}
