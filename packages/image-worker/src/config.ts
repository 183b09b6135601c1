import { nonNegativeInteger, positiveInteger, serviceConfig } from '@millrace/chassis/process';
import { MAX_IMAGE_PIXELS } from '@millrace/contracts';

const MIB = 1024 * 1024;

/** What every image worker reads from its environment. */
export const imageWorkerConfig = serviceConfig.extend({
  /** The largest image to work on, in pixels. */
  IMAGE_MAX_PIXELS: positiveInteger.default(MAX_IMAGE_PIXELS),
  /** The largest body, in bytes. The default holds IMAGE_MAX_PIXELS uncompressed, with four channels of 8 bits. */
  WORK_MAX_BYTES: positiveInteger.default(200 * MIB),
  /**
   * How many images are processed at once. One client may have a quarter of them, and so may jobs and large images together, but at least
   * one each. A single image already keeps a CPU busy: there are more places so that nobody waits for another client's image to finish, and
   * no small one for a large one.
   */
  WORK_CONCURRENCY: positiveInteger.default(4),
  /** How many requests may wait for their turn; beyond that, the response is 503. */
  WORK_QUEUE_LIMIT: nonNegativeInteger.default(100),
});
