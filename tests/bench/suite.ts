import { type Bench, type Figure, type Row, Skipped } from './row.js';
import type { SharedStacks } from './stacks.js';

/** The outcome of a row. */
export type Outcome = { row: Row } & ({ figures: Figure[] } | { skipped: string } | { failed: Error });

/** Measures row after row. One that fails does not prevent the others from being measured. */
export async function runRows(
  rows: readonly Row[],
  bench: Bench,
  stacks: Pick<SharedStacks, 'keepOnly'>,
  onOutcome: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [index, row] of rows.entries()) {
    bench.signal.throwIfAborted();
    const outcome = await runRow(row, bench);
    outcomes.push(outcome);
    onOutcome(outcome);
    await stacks.keepOnly(new Set(rows.slice(index + 1).flatMap(({ uses }) => uses)));
  }
  return outcomes;
}

async function runRow(row: Row, bench: Bench): Promise<Outcome> {
  try {
    return { row, figures: await row.run(bench) };
  } catch (error) {
    bench.signal.throwIfAborted();
    if (error instanceof Skipped) return { row, skipped: error.message };
    return { row, failed: error as Error };
  }
}
