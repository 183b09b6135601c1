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
   * Images worked on at once; one client may have a quarter of them, and so may jobs and large images together, but at least one. One keeps
   * a CPU busy by itself: the others are so that nobody waits for the end of another client's, nor a small one for that of a large one.
   */
  WORK_CONCURRENCY: positiveInteger.default(4),
  /** Requests that may wait for their turn; beyond them the answer is 503. */
  WORK_QUEUE_LIMIT: nonNegativeInteger.default(100),
});
