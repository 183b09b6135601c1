import {
  milliseconds,
  positiveInteger,
  postgresConfig,
  redisUrl,
  serviceConfig,
} from '@millrace/chassis/process';
import { MAX_IMAGE_BYTES } from '@millrace/contracts';

export const configSchema = serviceConfig.extend({
  ...postgresConfig.shape,
  /** Connections a replica may hold for lists, searches and the summary, besides the others. */
  POSTGRES_LIST_POOL_SIZE: positiveInteger.default(4),
  REDIS_URL: redisUrl,
  /** How long a worker may hold a job without a word before another gets it. */
  JOB_LEASE_MS: milliseconds.min(100).default(15_000),
  /** How often a job is begun before it counts as failed. */
  JOB_MAX_ATTEMPTS: positiveInteger.default(10),
  /** The pause after a job's first failed attempt; it doubles with each, up to five minutes, give or take a quarter. */
  JOB_BACKOFF_MS: milliseconds.default(1_000),
  /** How many unfinished jobs there may be; past that, new ones are answered with 503. */
  JOB_BACKLOG_LIMIT: positiveInteger.default(100_000),
  /** The same for image jobs; of those whose time is still to come there may be a tenth as many. */
  IMAGE_BACKLOG_LIMIT: positiveInteger.default(500),
  /** What the texts and images of all jobs may take in PostgreSQL. The size of its volume follows from this. */
  JOB_BACKLOG_BYTES: positiveInteger.default(1024 ** 3),
  /** How many jobs there may be whose time is still to come. They do not count in the limits above, except for their bytes. */
  SCHEDULED_LIMIT: positiveInteger.default(10_000),
  /** How long an ended job is kept, up to ten years. */
  JOB_TTL_SECONDS: positiveInteger.max(315_360_000).default(2_592_000),
  /** What all ended jobs may take in PostgreSQL; past that, the oldest go before their time. */
  JOB_HISTORY_BYTES: positiveInteger.default(1024 ** 3),
  /** How often the sweeper looks for jobs that are due and not on their way; 0 turns it off, and jobs can then be lost. */
  SWEEP_INTERVAL_MS: milliseconds.default(1_000),
  /** The sweeper takes over a job that nobody has claimed so long after it was accepted, */
  SWEEP_AFTER_MS: milliseconds.default(5_000),
  /** and then again with this pause, which doubles each time, up to 16 times this. */
  REPUBLISH_AFTER_MS: milliseconds.default(30_000),
  /** How many event streams (changes of tasks, and of single jobs) may be open at once; more are answered 503. */
  EVENT_STREAM_LIMIT: positiveInteger.default(1_000),
  /** How many of them one client address may have; more are answered 429. A proxy before Nginx is one address for all its clients. */
  EVENT_STREAM_LIMIT_PER_CLIENT: positiveInteger.default(50),
  /** How much memory images may take on their way to PostgreSQL, in bytes: claimed before a body is read; who finds none waits. */
  MEMORY_BUDGET_BYTES: positiveInteger.default(256 * 1024 * 1024),
  /** The largest image that a job may be given; web-gateway has the limit for clients. */
  IMAGE_MAX_BYTES: positiveInteger.default(MAX_IMAGE_BYTES),
});
