import type { Outcome } from './run-chaos.js';

/** The figures of a run, as a table for people. */
export function describeOutcome(title: string, outcome: Outcome): string {
  const { accepted, completed, duplicates, lost, leftovers, kills, resent, attempts, seconds, latency } =
    outcome;
  const rows: [string, string | number][] = [
    ['accepted', accepted],
    ['completed', completed],
    ['duplicates', duplicates],
    ['lost', lost],
    ['leftovers', leftovers],
    ['kills', kills],
    ...[...outcome.faults].sort().map(([name, count]): [string, number] => [`  ${name}`, count]),
    ['requests sent again', resent],
    ['attempts of workers', attempts],
    ['seconds', seconds.toFixed(1)],
    ['jobs per second', (completed / seconds).toFixed(0)],
    ['accepted to done', `median ${latency.median.toFixed(0)} ms, slowest ${latency.slowest.toFixed(0)} ms`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [title, ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`), ''].join('\n');
}
