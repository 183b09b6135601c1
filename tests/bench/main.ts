/** npm run bench: how close this product comes to the limits of the machine, and to its peers. See docs/PERFORMANCE.md. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openGuard } from '../../local/supervise/guard.js';
import { openInterruption } from '../../local/supervise/interruption.js';
import { repositoryRoot } from '../../local/paths.js';
import { type Arguments, readArguments, usage, UsageError } from './arguments.js';
import { startLoadGenerator } from './load/load-generator.js';
import { judge, limitOf, type Verdict } from './verdict.js';
import { writeDocuments } from './report/documents.js';
import { describeFigure } from './report/text.js';
import type { Bench, Settings } from './row.js';
import { rows } from './rows/index.js';
import { createSharedStacks } from './stacks.js';
import { type Outcome, runRows } from './suite.js';

const FULL: Settings = {
  rounds: 5,
  seconds: 3,
  sizes: { fresh: 0, small: 1_000, medium: 100_000, large: 1_000_000 },
  short: false,
};
const SHORT: Settings = {
  rounds: 3,
  seconds: 0.6,
  sizes: { fresh: 0, small: 1_000, medium: 4_000, large: 16_000 },
  short: true,
};

/** Returns the exit status. */
async function main(): Promise<number> {
  const options = readArguments(
    process.argv.slice(2),
    rows.map(({ name }) => name),
  );
  if (options.help) {
    process.stdout.write(usage(rows));
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  // When this runs as root, the user postgres must be able to enter it.
  chmodSync(folder, 0o711);
  const guard = await openGuard(folder);
  const { signal, by } = openInterruption(guard, say);
  try {
    const outcomes = await measure(options, { guard, folder, signal });
    return conclude(outcomes, options);
  } catch (error) {
    if (!signal.aborted) throw error;
    return 128 + constants.signals[by() ?? 'SIGTERM'];
  } finally {
    await guard.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  { rows: wanted, short }: Arguments,
  surroundings: Pick<Bench, 'guard' | 'folder' | 'signal'>,
): Promise<Outcome[]> {
  const settings = short ? SHORT : FULL;
  let current = '';
  const progress = (line: string) => say(`  ${current}: ${line}`);
  const stacks = createSharedStacks({ settings, signal: surroundings.signal, progress });
  const load = startLoadGenerator(surroundings.guard, surroundings.signal);
  const bench: Bench = { ...surroundings, settings, load, progress, stack: (name) => stacks.get(name) };
  const chosen = rows
    .filter(({ name }) => wanted.includes(name))
    .map((row) => ({
      ...row,
      run(given: Bench) {
        current = row.name;
        say(`${row.name}: ${row.title}`);
        return row.run(given);
      },
    }));
  try {
    return await runRows(chosen, bench, stacks, (outcome) => say(describeOutcome(outcome)));
  } finally {
    await stacks.keepOnly(new Set());
    await load.stop();
  }
}

function describeOutcome(outcome: Outcome): string {
  const { name } = outcome.row;
  if ('skipped' in outcome) return `${name} skipped: ${outcome.skipped}`;
  if ('failed' in outcome) return `${name} FAILED: ${outcome.failed.stack ?? outcome.failed.message}`;
  return outcome.figures.map(describeFigure).join('\n');
}

function conclude(outcomes: Outcome[], { json, docs, short }: Arguments): number {
  const verdicts = outcomes.flatMap(verdictsOf);
  if (docs) {
    const figures = outcomes.flatMap((outcome) => ('figures' in outcome ? outcome.figures : []));
    const order = rows.flatMap(({ goals }) => Object.keys(goals));
    const { rounds, seconds } = short ? SHORT : FULL;
    writeDocuments(join(repositoryRoot, 'docs'), figures, { order, rounds: `${rounds} × ${seconds} s` });
  }
  if (json) writeFileSync(json, `${JSON.stringify(verdicts, null, 2)}\n`);
  const missed = verdicts.filter(({ met }) => !met).map(({ row }) => row);
  const skipped = outcomes.filter((outcome) => 'skipped' in outcome).map(({ row }) => row.name);
  if (skipped.length > 0) say(`Skipped: ${skipped.join(', ')}.`);
  say(missed.length > 0 ? `Goals missed: ${missed.join(', ')}.` : 'Every goal that was measured is met.');
  return missed.length > 0 ? 1 : 0;
}

/** A row that failed meets none of its goals. A skipped one says nothing. */
function verdictsOf(outcome: Outcome): Verdict[] {
  if ('figures' in outcome) return outcome.figures.map(judge);
  if ('skipped' in outcome) return [];
  return Object.entries(outcome.row.goals).map(([row, goal]) => ({
    ...{ row, ratio: null, low: null, high: null },
    goal: limitOf(goal),
    met: false,
  }));
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    const { message, stack } = error as Error;
    process.stderr.write(`${error instanceof UsageError ? message : stack}\n`);
    process.exit(error instanceof UsageError ? 2 : 1);
  },
);
