import { milliseconds, positiveInteger, postgresConfig, redisUrl, serviceConfig } from '@millrace/chassis';

export const configSchema = serviceConfig.extend({
  ...postgresConfig.shape,
  REDIS_URL: redisUrl,
  /** How long a worker may hold a job without a word before another gets it. */
  JOB_LEASE_MS: milliseconds.default(30_000),
  /** How often a job is begun before it counts as failed. */
  JOB_MAX_ATTEMPTS: positiveInteger.default(10),
  /** How often the sweeper looks for jobs that are due and not on their way. */
  SWEEP_INTERVAL_MS: milliseconds.default(1_000),
});
