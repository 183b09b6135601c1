import type { Bench } from '../row.js';

/** Measures one contestant in one round. */
export type Measure<T> = (round: number) => Promise<T>;

/**
 * One contestant after the other, round by round, so that a busy machine slows all of them alike. Round 0 warms up and does not count.
 *
 * @param options.inTurns each round begins with a different one, because each finds the processor's caches as the previous one left them
 * @returns the results of each contestant, by round
 */
export async function inRounds<T extends Record<string, Measure<unknown>>>(
  { settings, signal, progress }: Bench,
  contestants: T,
  rounds = settings.rounds,
  { warmUp = true, inTurns = false } = {},
): Promise<{ [Name in keyof T]: Awaited<ReturnType<T[Name]>>[] }> {
  const results = Object.fromEntries(Object.keys(contestants).map((name) => [name, [] as unknown[]]));
  for (let round = warmUp ? 0 : 1; round <= rounds; round += 1) {
    progress(round === 0 ? 'warm-up' : `round ${round} of ${rounds}`);
    const order = Object.entries(contestants);
    if (inTurns) order.push(...order.splice(0, round % order.length));
    for (const [name, measure] of order) {
      signal.throwIfAborted();
      const result = await measure(round);
      if (round > 0) results[name]!.push(result);
    }
  }
  return results as { [Name in keyof T]: Awaited<ReturnType<T[Name]>>[] };
}

/** By round: our result divided by theirs. */
export function ratios(ours: readonly number[], theirs: readonly number[]): number[] {
  return ours.map((value, round) => value / theirs[round]!);
}
