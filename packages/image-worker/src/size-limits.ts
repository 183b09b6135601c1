import { HttpProblem } from '@millrace/chassis/http';
import type { Format } from './formats.js';
import type { SourceImage } from './source-image.js';

/** A row is processed as a whole, and several at once. */
const MAX_SIDE = 65_535;
/** The maximum memory for an image, in bytes per allowed pixel: 450 MB at 50 megapixels. */
const MAX_HELD_PER_PIXEL = 9;

/**
 * Bounds the cost of an image by its header alone: a small file may contain an enormous image.
 *
 * @throws HttpProblem 422 when it is too large for us, or for the type it is to become
 */
export function checkSize(source: SourceImage, target: Format, maxPixels: number): void {
  const { width, height, alpha } = source;
  const pixels = width * height;
  if (pixels > maxPixels) throw tooLarge(pixels, `At most ${maxPixels} are possible.`);

  const maxSide = Math.min(MAX_SIDE, target.maxSide);
  if (Math.max(width, height) > maxSide) {
    throw new HttpProblem(
      422,
      `The image is too large for ${target.type}: at most ${maxSide} pixels per side.`,
    );
  }

  const heldPerPixel = source.heldPerPixel + target.heldPerPixel(alpha);
  const possible = Math.floor((maxPixels * MAX_HELD_PER_PIXEL) / heldPerPixel);
  if (pixels > possible) {
    const how = 'coded as it is: interlaced, progressive, or in WebP with transparency';
    throw tooLarge(pixels, `At most ${possible} are possible ${how}.`);
  }
}

function tooLarge(pixels: number, limit: string): HttpProblem {
  return new HttpProblem(422, `The image has ${pixels} pixels. ${limit}`);
}
