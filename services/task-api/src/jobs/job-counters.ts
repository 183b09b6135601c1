import { histogram, tally } from '@millrace/chassis/telemetry';
import { jobKindSchema } from '@millrace/contracts';

// What this replica has done with jobs. The sum over all replicas is the total.

export const countAccepted = tally(
  { name: 'jobs_accepted_total', help: 'Jobs accepted, by kind.' },
  { label: 'kind', values: jobKindSchema.options },
);

/** `lost`: the worker disappeared, or was too slow. */
export const countAttempts = tally(
  {
    name: 'job_attempts_total',
    help: 'Finished attempts, by outcome; lost: the worker disappeared or was too slow.',
  },
  { label: 'outcome', values: ['completed', 'failed', 'lost'] },
);

export const countEnded = tally(
  { name: 'jobs_ended_total', help: 'Jobs that completed, or failed for good.' },
  { label: 'status', values: ['completed', 'failed'] },
);

export const observeWait = histogram({
  name: 'job_wait_duration_seconds',
  help: 'How long due jobs waited for a worker, including retries.',
  labels: ['kind'],
  buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1_800, 7_200],
});
