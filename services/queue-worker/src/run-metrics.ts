import { histogram } from '@millrace/chassis/telemetry';
import type { PerformJob } from './perform-job.js';

const observeRun = histogram({
  name: 'job_run_duration_seconds',
  help: 'How long the work of an attempt took, by kind and outcome, excluding reports.',
  labels: ['kind', 'outcome'],
  buckets: [0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 180],
});

/** Measures how long jobs take. An attempt whose work no longer counts has failed. */
export function measured(perform: PerformJob): PerformJob {
  return async (job, context) => {
    const begun = performance.now();
    let outcome = 'failed';
    try {
      const result = await perform(job, context);
      outcome = 'completed';
      return result;
    } finally {
      const seconds = (performance.now() - begun) / 1_000;
      observeRun({ kind: job.kind, outcome }, seconds, job.traceparent ?? undefined);
    }
  };
}
