import {
  milliseconds,
  positiveInteger,
  postgresConfig,
  rateLimitConfig,
  redisForLimit,
  redisUrl,
  serviceConfig,
} from '@millrace/chassis/process';
import { tracesConfig } from '@millrace/chassis/traces';
import { MAX_IMAGE_BYTES } from '@millrace/contracts';

const settings = serviceConfig.extend({
  ...postgresConfig.shape,
  ...rateLimitConfig.shape,
  ...tracesConfig.shape,
  /** Additional connections of a replica, for lists, searches and the summary. */
  POSTGRES_LIST_POOL_SIZE: positiveInteger.default(4),
  REDIS_URL: redisUrl,
  /** How long a worker may hold a job without reporting before another one gets it. */
  JOB_LEASE_MS: milliseconds.min(100).default(15_000),
  /** How many times a job is started before it counts as failed. */
  JOB_MAX_ATTEMPTS: positiveInteger.default(10),
  /** The pause after a job's first failed attempt; it doubles with each one, up to five minutes, plus or minus a quarter. */
  JOB_BACKOFF_MS: milliseconds.default(1_000),
  /** How many unfinished jobs there may be; beyond that, new ones are answered with 503. */
  JOB_BACKLOG_LIMIT: positiveInteger.default(100_000),
  /** The same for image jobs; a tenth as many may be scheduled. */
  IMAGE_BACKLOG_LIMIT: positiveInteger.default(500),
  /** What the texts and images of all jobs may take in PostgreSQL. The size of its volume follows from this. */
  JOB_BACKLOG_BYTES: positiveInteger.default(1024 ** 3),
  /** How many scheduled jobs there may be. They do not count toward the limits above, except for their bytes. */
  SCHEDULED_LIMIT: positiveInteger.default(10_000),
  /** How long a finished job is kept, up to ten years. */
  JOB_TTL_SECONDS: positiveInteger.max(315_360_000).default(2_592_000),
  /** What all finished jobs may take in PostgreSQL; beyond that, the oldest are deleted early. */
  JOB_HISTORY_BYTES: positiveInteger.default(1024 ** 3),
  /** How often the sweeper looks for due jobs that are not in the queue; 0 turns it off, and jobs can then be lost. */
  SWEEP_INTERVAL_MS: milliseconds.default(1_000),
  /** The sweeper takes over a job this long after it was accepted if nobody has claimed it, */
  SWEEP_AFTER_MS: milliseconds.default(5_000),
  /** and again after this pause, which doubles each time, up to 16 times its length. */
  REPUBLISH_AFTER_MS: milliseconds.default(30_000),
  /** How many event streams (changes of tasks, and of single jobs) may be open at once; more are answered with 503. */
  EVENT_STREAM_LIMIT: positiveInteger.default(1_000),
  /** How many of them one client address may have; more are answered with 429. A proxy in front of Nginx is one address for all its clients. */
  EVENT_STREAM_LIMIT_PER_CLIENT: positiveInteger.default(50),
  /**
   * How much memory images may take on their way to PostgreSQL, in bytes. It is claimed before a body is read, and requests wait until
   * there is enough.
   */
  MEMORY_BUDGET_BYTES: positiveInteger.default(256 * 1024 * 1024),
  /** The largest image of a job; web-gateway has the limit for clients. */
  IMAGE_MAX_BYTES: positiveInteger.default(MAX_IMAGE_BYTES),
});

export const configSchema = settings.refine(...redisForLimit('RATE_LIMIT_PER_SECOND'));
