import { milliseconds, positiveInteger, redisUrl, serviceConfig, urlList } from '@millrace/chassis';

export const configSchema = serviceConfig.extend({
  REDIS_URL: redisUrl,
  TASK_API_URLS: urlList,
  USER_API_URLS: urlList,
  TEXT_WORKER_URLS: urlList,
  BLUR_WORKER_URLS: urlList,
  BW_WORKER_URLS: urlList,
  QUEUE_WORKER_URLS: urlList,
  /** The largest image that may be uploaded. Nginx has a limit of its own, a little above. */
  UPLOAD_MAX_BYTES: positiveInteger.default(20 * 1024 * 1024),
  /** How many uploads a replica works on at once; each holds its image in memory. */
  UPLOAD_CONCURRENCY: positiveInteger.default(32),
  /** How many more may wait. */
  UPLOAD_QUEUE_LIMIT: positiveInteger.default(64),
  /** How long all effects of an upload may take, waiting for free workers included. Nginx waits for 150 s. */
  UPLOAD_TIMEOUT_MS: milliseconds.default(140_000),
  /** How much memory the pictures that are between two workers may take together; others wait. */
  IMAGE_MEMORY_BYTES: positiveInteger.default(384 * 1024 * 1024),
  /** How long a finished image is kept. */
  IMAGE_TTL_SECONDS: positiveInteger.default(86_400),
});
