import type { LabRunQuery } from '@millrace/contracts';
import { hasShape, keep, readKeptList } from '../../state/kept.js';
import { createStore } from '../../state/store.js';
import { type LabRun, sharesOf } from './lab-run.js';

/** What the browser remembers of a run. */
export interface PastRun {
  settings: LabRunQuery;
  startedAt: number;
  ms: number;
  /** How many replicas served it. */
  pods: number;
  failed: number;
}

const KEY = 'millrace.lab-runs';
const KEPT = 8;

/** The latest first. Stored by the browser, so that a run can be compared with one before scaling. */
export const pastRuns = createStore(readKeptList(KEY, isPastRun, KEPT));

export function rememberRun(run: LabRun, ms: number): void {
  const failed = run.done.filter(({ status }) => status >= 300).length;
  const { settings, startedAt } = run;
  put([{ settings, startedAt, ms, pods: sharesOf(run).length, failed }, ...pastRuns.get()].slice(0, KEPT));
}

export function clearRuns(): void {
  put([]);
}

/** How many times as fast as the previous run; undefined when they cannot be compared. */
export function speedUp(run: PastRun | undefined, before: PastRun | undefined): number | undefined {
  if (!run || !before || run.failed > 0 || before.failed > 0) return undefined;
  const alike =
    run.settings.effect === before.settings.effect &&
    run.settings.requests === before.settings.requests &&
    run.settings.concurrency === before.settings.concurrency;
  return alike ? before.ms / run.ms : undefined;
}

function put(runs: PastRun[]): void {
  keep(KEY, runs);
  pastRuns.set(runs);
}

function isPastRun(found: unknown): found is PastRun {
  return (
    hasShape(found, {
      settings: 'object',
      startedAt: 'number',
      ms: 'number',
      pods: 'number',
      failed: 'number',
    }) &&
    hasShape(found.settings, { effect: 'string', requests: 'number', concurrency: 'number' }) &&
    !Number.isNaN(new Date(found.startedAt).getTime())
  );
}
