import type { ImageOperation } from '@millrace/image-worker';

/** @param sigma the standard deviation of the Gaussian, in pixels: 0.3 to 1,000 */
export function gaussianBlur(sigma: number): ImageOperation {
  return (image) => image.blur(sigma);
}
