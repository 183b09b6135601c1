/**
 * How many jobs a second go through the queue on this machine, and what the promise costs: against the documented way,
 * and against another checkout of this product when BENCH_BASE names its (built) folder. Rounds are interleaved, so that
 * a busy machine slows all alike: trust the ratios. BENCH_JOBS (1,000) a round, BENCH_ROUNDS (5).
 */
import { availableParallelism } from 'node:os';
import type { Contestant } from './contestant.js';
import { measureRound, type Rates } from './measure.js';
import { startMillrace } from './millrace.js';
import { startPlainQueue } from './plain-queue.js';

const jobs = Number(process.env['BENCH_JOBS'] ?? 1_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5);
const base = process.env['BENCH_BASE'];

async function main(): Promise<void> {
  const contestants: Contestant[] = [];
  try {
    contestants.push(await startMillrace('millrace'));
    if (base) contestants.push(await startMillrace('millrace (base)', base));
    contestants.push(await startPlainQueue());
    // The first round warms up.
    const results = new Map(contestants.map(({ name }): [string, Rates[]] => [name, []]));
    for (let round = 0; round <= rounds; round += 1) {
      for (const contestant of contestants) {
        const rates = await measureRound(contestant, round === 0 ? jobs / 4 : jobs);
        if (round > 0) results.get(contestant.name)!.push(rates);
      }
    }
    report(results);
  } finally {
    for (const contestant of contestants) await contestant.stop();
  }
}

function report(results: Map<string, Rates[]>): void {
  print(
    `jobs per second, medians of ${rounds} interleaved rounds of ${jobs} jobs, ${availableParallelism()} cores`,
  );
  const own = results.get('millrace')!;
  for (const [name, rates] of results) {
    print(name);
    for (const [key, label] of LABELS) {
      const values = rates.flatMap((rate) => rate[key] ?? []);
      if (values.length === 0) continue;
      // Of the same round, as the machine's load changes from one to the next.
      const ratios = rates.flatMap((rate, round) => (own[round]?.[key] ?? NaN) / (rate[key] ?? NaN));
      const ratio = rates === own ? '' : `   millrace / this: ${median(ratios).toFixed(2)}`;
      print(`  ${label.padEnd(32)} ${median(values).toFixed(0).padStart(6)}${ratio}`);
    }
  }
}

const LABELS: [keyof Rates, string][] = [
  ['done', 'done, the whole path'],
  ['accepted', 'accepted, while workers work'],
  ['acceptedAlone', 'accepted, workers halted'],
];

function median(values: number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

void main();
