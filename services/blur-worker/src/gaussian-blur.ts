import type { Effect } from '@millrace/image-worker';

/** @param sigma the standard deviation of the Gaussian, in pixels: 0.3 to 1,000 */
export function gaussianBlur(sigma: number): Effect {
  return (image) => image.blur(sigma);
}
