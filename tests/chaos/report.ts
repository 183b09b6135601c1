import type { Outcome } from './run-chaos.js';

/** The figures of a run, as a table for people. */
export function describeOutcome(title: string, outcome: Outcome): string {
  const {
    accepted,
    completed,
    created,
    rows: made,
    unanswered,
    untold,
    duplicates,
    lost,
    leftovers,
  } = outcome;
  const { kills, resent, attempts, seconds, latency } = outcome;
  const rows: [string, string | number][] = [
    ['accepted (202)', accepted],
    ['completed', completed],
    ['created (201)', created],
    ['without a key or a response', unanswered],
    ['  done anyway', untold],
    ['rows', made],
    ['duplicates', [duplicates, ...outcome.doneTwice.slice(0, 10)].join(' ')],
    ['lost', lost],
    ['leftovers', leftovers],
    ['kills', kills],
    ...[...outcome.faults].sort().map(([name, count]): [string, number] => [`  ${name}`, count]),
    ['requests retried', resent],
    ['attempts of workers', attempts],
    ['seconds', seconds.toFixed(1)],
    ['jobs per second', (completed / seconds).toFixed(0)],
    ['accepted to done', `median ${latency.median.toFixed(0)} ms, slowest ${latency.slowest.toFixed(0)} ms`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [title, ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`), ''].join('\n');
}
