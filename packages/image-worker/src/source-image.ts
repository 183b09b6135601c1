import { HttpProblem } from '@millrace/chassis';
import type { Metadata, Sharp } from 'sharp';
import { upright } from './files/orientation.js';
import type { SanitisedFile } from './files/sanitised-file.js';
import type { Format } from './formats.js';
import { parsePam } from './pam.js';
import { inGrey, openPixels, toPixels } from './pixels.js';
import { damaged } from './refusals.js';
import { sharp } from './sharp-setup.js';

/** An image of which only the header has been read. */
export interface SourceImage {
  width: number;
  height: number;
  alpha: boolean;
  /** How many frames the file has. Of an animation, the image is the first. */
  frames: number;
  /** The image upright, in sRGB or, when it has no colour, one channel of grey; 8 bits a channel. */
  open(): Promise<Sharp> | Sharp;
  /** Again, after its decoder has complained; undefined when the complaint means that pixels are missing or wrong. */
  reopen?(complaint: string): Promise<Sharp> | undefined;
}

/** A row is worked on as a whole, and several at once. */
const MAX_SIDE = 65_535;
/** What a decoder may hold in memory, in bytes for each pixel that is allowed. */
const MAX_HELD_PER_PIXEL = 8;

/**
 * Reads the header, without decoding: a small file may hold an enormous image.
 *
 * @throws HttpProblem 422 when the header is not readable, or tells of more than `maxPixels` pixels
 */
export async function readSource(body: Buffer, format: Format, maxPixels: number): Promise<SourceImage> {
  const file = format.sanitise?.(body);
  const source = file ? await fromFile(file) : fromPam(body);
  checkSize(source, file?.heldPerPixel ?? 0, maxPixels);
  return source;
}

function checkSize({ width, height }: SourceImage, heldPerPixel: number, maxPixels: number): void {
  const pixels = width * height;
  if (pixels > maxPixels) {
    throw new HttpProblem(422, `The image has ${pixels} pixels. At most ${maxPixels} are possible.`);
  }
  if (Math.max(width, height) > MAX_SIDE) {
    throw new HttpProblem(
      422,
      `The image is ${width} × ${height} pixels. At most ${MAX_SIDE} a side are possible.`,
    );
  }
  const possible = Math.floor((maxPixels * MAX_HELD_PER_PIXEL) / heldPerPixel);
  if (pixels > possible) {
    throw new HttpProblem(
      422,
      `The image has ${pixels} pixels. At most ${possible} are possible in a file of this kind, which takes more memory than others.`,
    );
  }
}

function fromPam(body: Buffer): SourceImage {
  const pixels = parsePam(body);
  if (!pixels) throw damaged();
  const { width, height, channels } = pixels;
  return { width, height, alpha: channels % 2 === 0, frames: 1, open: () => openPixels(pixels) };
}

async function fromFile(file: SanitisedFile): Promise<SourceImage> {
  const metadata = await sharp(file.bytes, { failOn: 'none', limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      throw damaged(error);
    });
  const { width, height, hasAlpha } = metadata;
  return {
    width,
    height,
    alpha: hasAlpha,
    frames: file.frames,
    // With a warning the decoder may have made up what is missing: a grey half.
    open: () => openFile(file, metadata, 'warning'),
    reopen: (complaint) => (file.isWholeDespite?.(complaint) ? openFile(file, metadata, 'error') : undefined),
  };
}

async function openFile(
  { bytes, orientation }: SanitisedFile,
  { space, depth, hasProfile, hasAlpha }: Metadata,
  failOn: 'warning' | 'error',
): Promise<Sharp> {
  const grey = space === 'b-w' || space === 'grey16';
  const decoded = upright(sharp(bytes, { failOn, limitInputPixels: false }), orientation);
  const image = grey ? inGrey(decoded) : decoded;
  // sharp carries 16 bits, and the profile of a grey image, through the effect and converts after it. With two workers
  // the conversion comes between their effects, and rounds otherwise: here it comes before, always.
  const convertsLate = depth !== 'uchar' || (grey && hasProfile);
  return convertsLate ? openPixels(await toPixels(image, hasAlpha)) : image;
}
