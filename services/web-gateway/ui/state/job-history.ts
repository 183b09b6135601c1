import type { JobSummary } from '@millrace/contracts';
import { createStore } from './store.js';

/** The queue at one moment. */
export interface Sample {
  /** In ms, by `performance.now()`. */
  at: number;
  summary: JobSummary;
}

const KEPT = 120;

/** The last two minutes, as long as the page was open. It outlives the page, so that the charts are not empty when you come back. */
export const jobHistory = createStore<Sample[]>([]);

export function remember(summary: JobSummary): void {
  jobHistory.set([...jobHistory.get(), { at: performance.now(), summary }].slice(-KEPT));
}

/** Completed jobs per second, between consecutive samples. */
export function throughputOf(samples: Sample[]): number[] {
  return samples.slice(1).map(({ at, summary }, index) => {
    const before = samples[index]!;
    const completed = summary.counts.completed - before.summary.counts.completed;
    // The count drops when jobs are deleted.
    return Math.max(0, (completed / (at - before.at)) * 1_000);
  });
}
