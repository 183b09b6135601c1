import { milliseconds } from '@millrace/chassis/process';
import { imageWorkerConfig } from '@millrace/image-worker';
import { z } from 'zod';

export const configSchema = imageWorkerConfig.extend({
  /** The standard deviation of the Gaussian, in pixels. */
  BLUR_SIGMA: z.coerce.number().min(0.3).max(100).default(5),
  /** An artificial delay for each image, for demonstrations of scaling. */
  BLUR_DELAY_MS: milliseconds.default(0),
});
