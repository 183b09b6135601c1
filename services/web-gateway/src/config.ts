import { milliseconds, nonNegativeInteger, positiveInteger, urlList } from '@millrace/chassis/process';
import { MAX_IMAGE_BYTES } from '@millrace/contracts';
import { workflowConfig } from '@millrace/workflows';

export const configSchema = workflowConfig.extend({
  USER_API_URLS: urlList,
  QUEUE_WORKER_URLS: urlList,
  /** The largest image that may be uploaded. Nginx has a limit of its own, a little above. */
  UPLOAD_MAX_BYTES: positiveInteger.default(MAX_IMAGE_BYTES),
  /** How many bytes of uploads a client address may send in a second, over all replicas, for as long as it likes; 0: no limit. */
  UPLOAD_RATE_BYTES: nonNegativeInteger.default(32 * 1024 ** 2),
  /** And how many at once, after a pause. */
  UPLOAD_BURST_BYTES: positiveInteger.default(1024 ** 3),
  /** How many uploads may wait for memory. */
  UPLOAD_QUEUE_LIMIT: positiveInteger.default(64),
  /** How long all effects of an upload may take, waiting for free workers included. Nginx waits for 150 s. */
  UPLOAD_TIMEOUT_MS: milliseconds.default(140_000),
});
