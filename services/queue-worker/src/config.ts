import { milliseconds, positiveInteger, redisUrl, serviceConfig, urlList } from '@millrace/chassis/process';

export const configSchema = serviceConfig.extend({
  REDIS_URL: redisUrl,
  TASK_API_URLS: urlList,
  TEXT_WORKER_URLS: urlList,
  BLUR_WORKER_URLS: urlList,
  BW_WORKER_URLS: urlList,
  /** How many jobs a replica works on at once. */
  QUEUE_CONCURRENCY: positiveInteger.default(50),
  /** Artificial work per task, for demonstrations. */
  TASK_DELAY_MS: milliseconds.default(0),
  /** How long one effect may take, waiting for a free worker included. */
  EFFECT_TIMEOUT_MS: milliseconds.default(120_000),
  /**
   * How much memory pictures may take, in bytes: a third as they come, two thirds for what workers make of them. Claimed before it is
   * used; jobs that find none wait.
   */
  MEMORY_BUDGET_BYTES: positiveInteger.default(400 * 1024 * 1024),
  /** How long a finished image is kept, unless room is needed for others before. */
  IMAGE_TTL_SECONDS: positiveInteger.default(86_400),
});
