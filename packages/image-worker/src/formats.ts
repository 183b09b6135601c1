import { INTERCHANGE_TYPE } from '@millrace/contracts';
import type { Sharp } from 'sharp';
import { sanitiseJpeg } from './files/jpeg.js';
import { sanitisePng } from './files/png.js';
import type { SanitisedFile } from './files/sanitised-file.js';
import { sanitiseWebp } from './files/webp.js';
import { pamHeader } from './pam.js';
import { openPixels, toPixels } from './pixels.js';

/** An image type as it travels: how to read it, and how to write it. */
export interface Format {
  /** The media type: Content-Type and Accept. */
  type: string;
  /** Sanitises a file for its decoder; throws HttpProblem 422. Default: unchanged. */
  sanitise?(file: Buffer): SanitisedFile;
  /** The image as a file, in one or more parts. `alpha`: whether it has an alpha channel. */
  encode(image: Sharp, alpha: boolean): Promise<Buffer[]>;
  /** The longest side that the type supports, in pixels. */
  maxSide: number;
  /** How many bytes of memory writing takes per pixel, where it is not done row by row. */
  heldPerPixel(alpha: boolean): number;
}

/**
 * What one worker passes to the next: the raw pixels after a short header (PAM). Nothing is lost or encoded: two workers take a seventh
 * less CPU time than with uncompressed TIFF, and the TIFF parser can stay disabled.
 */
export const interchange: Format = {
  type: INTERCHANGE_TYPE,
  encode: async (image, alpha) => {
    const pixels = await toPixels(image, alpha);
    return [pamHeader(pixels), pixels.data];
  },
  maxSide: Infinity,
  heldPerPixel: () => 0,
};

/**
 * The types for clients favour speed, because somebody waits: JPEG and WebP at a quality where the loss is hard to see, no mozjpeg and no
 * optimised Huffman tables (3 times the time for a tenth fewer bytes), nothing progressive, PNG and WebP at the effort beyond which time
 * grows much faster than size shrinks.
 */
const FORMATS: Format[] = [
  {
    type: 'image/jpeg',
    sanitise: sanitiseJpeg,
    encode: async (image, alpha) => {
      const opaque = alpha ? await onWhite(image) : image;
      return [await opaque.jpeg({ quality: 88, optimiseCoding: false }).toBuffer()];
    },
    maxSide: 65_535,
    heldPerPixel: (alpha) => (alpha ? 4 : 0),
  },
  {
    type: 'image/png',
    sanitise: sanitisePng,
    encode: async (image) => [await image.png({ compressionLevel: 2 }).toBuffer()],
    maxSide: Infinity,
    heldPerPixel: () => 0,
  },
  {
    type: 'image/webp',
    sanitise: sanitiseWebp,
    encode: async (image) => [await image.webp({ quality: 85, effort: 0 }).toBuffer()],
    maxSide: 16_383,
    // The image as a whole; and several times as much to search its transparency for repetitions.
    heldPerPixel: (alpha) => (alpha ? 12 : 1),
  },
  interchange,
];

/** The media types that workers read and write, for messages and headers. */
export const TYPES = FORMATS.map(({ type }) => type).join(', ');

export function findFormat(type: string): Format | undefined {
  return FORMATS.find((format) => format.type === type);
}

/** sharp flattens before its effects, whatever the order of the calls, so it finishes the effects first. */
async function onWhite(image: Sharp): Promise<Sharp> {
  return openPixels(await toPixels(image, true)).flatten({ background: 'white' });
}
