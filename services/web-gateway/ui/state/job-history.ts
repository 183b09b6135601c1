import type { QueueSummary } from '../api/jobs.js';
import { createStore } from './store.js';

/** The queue at one moment. */
export interface Sample {
  /** ms, of the page's clock. */
  at: number;
  summary: QueueSummary;
}

const KEPT = 120;

/** The last two minutes, as far as the page was open. It outlives the page, so that coming back shows no empty charts. */
export const jobHistory = createStore<Sample[]>([]);

export function remember(summary: QueueSummary): void {
  jobHistory.set([...jobHistory.get(), { at: performance.now(), summary }].slice(-KEPT));
}

/** Completed jobs per second, between each two samples. */
export function throughputOf(samples: Sample[]): number[] {
  return samples.slice(1).map(({ at, summary }, index) => {
    const before = samples[index]!;
    const completed = summary.counts.completed - before.summary.counts.completed;
    // A job that is deleted leaves the count.
    return Math.max(0, (completed / (at - before.at)) * 1_000);
  });
}
