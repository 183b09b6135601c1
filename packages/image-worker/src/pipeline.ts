import { HttpProblem } from '@millrace/chassis/http';
import type { Sharp } from 'sharp';
import type { Format } from './formats.js';
import { damaged } from './refusals.js';
import type { SourceImage } from './source-image.js';

/** What a worker does to an image that is upright and in sRGB or grey, 8 bits a channel. */
export type ImageOperation = (image: Sharp) => Sharp;

/**
 * Decode → operation → encode. An animation gives its first frame. Metadata is dropped, the orientation in it applied
 * before. JPEG has no alpha: what was transparent becomes white.
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
