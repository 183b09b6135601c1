import { HttpProblem } from '@millrace/chassis';
import type { Metadata, Sharp } from 'sharp';
import { type Format, interchange } from './formats.js';
import { parsePam } from './pam.js';
import { inGrey, openPixels, toPixels } from './pixels.js';
import { sharp } from './sharp-setup.js';

/** An image of which only the header has been read. */
export interface SourceImage {
  width: number;
  height: number;
  alpha: boolean;
  /** The image upright, in sRGB or, when it has no colour, one channel of grey; 8 bits a channel. */
  open(): Promise<Sharp> | Sharp;
}

/**
 * Reads the header, without decoding: a small file may hold an enormous image.
 *
 * @throws HttpProblem 422 when the header is not readable, or tells of more than `maxPixels` pixels
 */
export async function readSource(body: Buffer, format: Format, maxPixels: number): Promise<SourceImage> {
  const source = format === interchange ? fromPam(body) : await fromFile(body);
  const pixels = source.width * source.height;
  if (pixels > maxPixels) {
    throw new HttpProblem(422, `The image has ${pixels} pixels. At most ${maxPixels} are possible.`);
  }
  return source;
}

/** 422 in our own words: those of the decoder are of no use to a client. */
export function damaged(cause?: unknown): HttpProblem {
  return new HttpProblem(422, 'The image cannot be read: it is damaged or cut off.', { cause });
}

function fromPam(body: Buffer): SourceImage {
  const pixels = parsePam(body);
  if (!pixels) throw damaged();
  const { width, height, channels } = pixels;
  return { width, height, alpha: channels % 2 === 0, open: () => openPixels(pixels) };
}

async function fromFile(body: Buffer): Promise<SourceImage> {
  const metadata = await sharp(body, { limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      throw damaged(error);
    });
  const { width, height, hasAlpha } = metadata;
  return { width, height, alpha: hasAlpha, open: () => openFile(body, metadata) };
}

async function openFile(body: Buffer, { space, depth, hasProfile, hasAlpha }: Metadata): Promise<Sharp> {
  const grey = space === 'b-w' || space === 'grey16';
  // With a warning the decoder makes up what is missing: a grey half.
  const decoded = sharp(body, { failOn: 'warning', limitInputPixels: false }).autoOrient();
  const image = grey ? inGrey(decoded) : decoded;
  // sharp carries 16 bits, and the profile of a grey image, through the effect and converts after it. With two workers
  // the conversion comes between their effects, and rounds otherwise: here it comes before, always.
  const convertsLate = depth !== 'uchar' || (grey && hasProfile);
  return convertsLate ? openPixels(await toPixels(image, hasAlpha)) : image;
}
