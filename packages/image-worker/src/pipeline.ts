import { HttpProblem } from '@millrace/chassis/http';
import type { Sharp } from 'sharp';
import type { Format } from './formats.js';
import { damaged } from './refusals.js';
import type { SourceImage } from './source-image.js';

/** What a worker does to an image that is upright and in sRGB or grey, with 8 bits per channel. */
export type ImageOperation = (image: Sharp) => Sharp;

/**
 * Decode → operation → encode. Of an animation, the first frame is used. Metadata is dropped after its orientation has been applied. JPEG
 * has no alpha: transparent areas become white.
 *
 * @returns the image as a file, in parts
 * @throws HttpProblem 422 when the image is damaged
 */
export async function applyOperation(
  source: SourceImage,
  operation: ImageOperation,
  target: Format,
): Promise<Buffer[]> {
  try {
    const file = await target.encode(operation(await source.open()), source.alpha);
    source.check();
    return file;
  } catch (error) {
    throw error instanceof HttpProblem ? error : damaged(error);
  }
}
