import { milliseconds, positiveInteger, redisUrl, serviceConfig, urlList } from '@millrace/chassis/process';
import { z } from 'zod';
import { MAX_IMAGE_BYTES } from '@millrace/contracts';

export const configSchema = serviceConfig.extend({
  REDIS_URL: redisUrl,
  TASK_API_URLS: urlList,
  USER_API_URLS: urlList,
  TEXT_WORKER_URLS: urlList,
  BLUR_WORKER_URLS: urlList,
  BW_WORKER_URLS: urlList,
  QUEUE_WORKER_URLS: urlList,
  /** The largest image that may be uploaded. Nginx has a limit of its own, a little above. */
  UPLOAD_MAX_BYTES: positiveInteger.default(MAX_IMAGE_BYTES),
  /** How many bytes of uploads a client address may send in a second, over all replicas, for as long as it likes; 0: no limit. */
  UPLOAD_RATE_BYTES: z.coerce
    .number()
    .int()
    .min(0)
    .default(32 * 1024 ** 2),
  /** And how many at once, after a pause. */
  UPLOAD_BURST_BYTES: positiveInteger.default(1024 ** 3),
  /**
   * How much memory pictures may take, in bytes: a third for uploads, two thirds for what workers make of them. Claimed before
   * it is used; who finds none waits. One client may have half.
   */
  MEMORY_BUDGET_BYTES: positiveInteger.default(400 * 1024 * 1024),
  /** How many uploads may wait for memory. */
  UPLOAD_QUEUE_LIMIT: positiveInteger.default(64),
  /** How long all effects of an upload may take, waiting for free workers included. Nginx waits for 150 s. */
  UPLOAD_TIMEOUT_MS: milliseconds.default(140_000),
  /** How long a finished image is kept, unless room is needed for others before. */
  IMAGE_TTL_SECONDS: positiveInteger.default(86_400),
});
