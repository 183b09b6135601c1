import { milliseconds, positiveInteger, redisUrl, serviceConfig, urlList } from '@millrace/chassis';

export const configSchema = serviceConfig.extend({
  REDIS_URL: redisUrl,
  TASK_API_URLS: urlList,
  /** How many jobs a replica works on at once. */
  QUEUE_CONCURRENCY: positiveInteger.default(10),
  /** Artificial work per task, for demonstrations. */
  TASK_DELAY_MS: milliseconds.default(0),
});
