import { histogram, tally } from '@millrace/chassis/telemetry';
import { jobKindSchema } from '@millrace/contracts';

// What this replica has done with jobs. Added up over all replicas, it is what has happened.

export const countAccepted = tally(
  { name: 'jobs_accepted_total', help: 'Jobs accepted, by kind.' },
  { label: 'kind', values: jobKindSchema.options },
);

/** `lost`: the worker vanished, or was too slow. */
export const countAttempts = tally(
  {
    name: 'job_attempts_total',
    help: 'Attempts that have ended, by outcome; lost: the worker disappeared or was too slow.',
  },
  { label: 'outcome', values: ['completed', 'failed', 'lost'] },
);

export const countEnded = tally(
  { name: 'jobs_ended_total', help: 'Jobs completed, and failed for good.' },
  { label: 'status', values: ['completed', 'failed'] },
);

export const observeWait = histogram({
  name: 'job_wait_duration_seconds',
  help: 'How long jobs waited for a worker, from the time when they could begin; retries included.',
  labels: ['kind'],
  buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1_800, 7_200],
});
