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
  /** How many bytes of memory it takes a pixel to read it, where that is not done row by row. */
  heldPerPixel: number;
  /** The image upright, in sRGB or, when it has no colour, one channel of grey; 8 bits a channel. */
  open(): Promise<Sharp> | Sharp;
  /** Again, after its decoder has complained; undefined when the complaint means that pixels are missing or wrong. */
  reopen?(complaint: string): Promise<Sharp> | undefined;
}

/**
 * Reads the header, without decoding.
 *
 * @throws HttpProblem 422 when it is not readable
 */
export async function readSource(body: Buffer, format: Format): Promise<SourceImage> {
  return format.sanitise ? fromFile(format.sanitise(body)) : fromPam(body);
}

function fromPam(body: Buffer): SourceImage {
  const pixels = parsePam(body);
  if (!pixels) throw damaged();
  const { width, height, channels } = pixels;
  return {
    width,
    height,
    alpha: channels % 2 === 0,
    frames: 1,
    heldPerPixel: channels,
    open: () => openPixels(pixels),
  };
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
    heldPerPixel: file.heldPerPixel,
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
