import { INTERCHANGE_TYPE } from '@millrace/contracts';
import type { Sharp } from 'sharp';
import { sanitiseJpeg } from './files/jpeg.js';
import { sanitisePng } from './files/png.js';
import type { SanitisedFile } from './files/sanitised-file.js';
import { sanitiseWebp } from './files/webp.js';
import { pamHeader } from './pam.js';
import { openPixels, toPixels } from './pixels.js';

/** An image type as it travels: how to know it by its first bytes, and how to write it. */
export interface Format {
  /** The media type: Content-Type and Accept. */
  type: string;
  /** Does a body begin like an image of this type? */
  matches(body: Buffer): boolean;
  /** The file for its decoder, without what it does not need; throws HttpProblem 422. Default: as it is. */
  sanitise?(file: Buffer): SanitisedFile;
  /** The image as a file, in one or more parts. `alpha`: whether it has any. */
  encode(image: Sharp, alpha: boolean): Promise<Buffer[]>;
  /** The longest side that it can have, in pixels. */
  maxSide: number;
}

/**
 * What a worker gives to the next: the bare pixels behind a short header (PAM). Nothing is lost, nothing is coded: two
 * workers take a seventh less CPU time than with uncompressed TIFF, and no TIFF parser has to be open.
 */
export const interchange: Format = {
  type: INTERCHANGE_TYPE,
  matches: (body) => body.toString('latin1', 0, 3) === 'P7\n',
  encode: async (image, alpha) => {
    const pixels = await toPixels(image, alpha);
    return [pamHeader(pixels), pixels.data];
  },
  maxSide: Infinity,
};

/**
 * The types that clients know are written for speed first, as somebody waits: JPEG and WebP at a quality where the loss
 * is hard to see, no mozjpeg and no optimised Huffman tables (3 times the time for a tenth fewer bytes), nothing
 * progressive, PNG and WebP at the effort beyond which time grows much faster than size shrinks.
 */
const FORMATS: Format[] = [
  {
    type: 'image/jpeg',
    sanitise: sanitiseJpeg,
    matches: (body) => startsWith(body, [0xff, 0xd8, 0xff]),
    encode: async (image, alpha) => {
      const opaque = alpha ? await onWhite(image) : image;
      return [await opaque.jpeg({ quality: 88, optimiseCoding: false }).toBuffer()];
    },
    maxSide: 65_535,
  },
  {
    type: 'image/png',
    sanitise: sanitisePng,
    matches: (body) => startsWith(body, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    encode: async (image) => [await image.png({ compressionLevel: 2 }).toBuffer()],
    maxSide: Infinity,
  },
  {
    type: 'image/webp',
    sanitise: sanitiseWebp,
    matches: (body) => body.toString('latin1', 0, 4) === 'RIFF' && body.toString('latin1', 8, 12) === 'WEBP',
    encode: async (image) => [await image.webp({ quality: 85, effort: 0 }).toBuffer()],
    maxSide: 16_383,
  },
  interchange,
];

/** The media types that workers read and write, for messages and headers. */
export const TYPES = FORMATS.map(({ type }) => type).join(', ');

export function findFormat(type: string): Format | undefined {
  return FORMATS.find((format) => format.type === type);
}

/** What an image is by its first bytes, whatever it is called. */
export function sniffFormat(body: Buffer): Format | undefined {
  return FORMATS.find((format) => format.matches(body));
}

/** sharp flattens before its effects, whatever the order of calls; so it is let finish them first. */
async function onWhite(image: Sharp): Promise<Sharp> {
  return openPixels(await toPixels(image, true)).flatten({ background: 'white' });
}

function startsWith(body: Buffer, bytes: number[]): boolean {
  return bytes.every((byte, index) => body[index] === byte);
}
