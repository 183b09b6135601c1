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
  /** How many bytes of memory reading takes per pixel, where it is not done row by row. */
  heldPerPixel: number;
  /** The upright image in sRGB or, when it has no colour, one channel of grey; 8 bits per channel. */
  open(): Promise<Sharp> | Sharp;
  /** Call it after the pixels have been read. Throws HttpProblem 422 when some were missing or wrong. */
  check(): void;
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
    check: () => undefined,
  };
}

async function fromFile(file: SanitisedFile): Promise<SourceImage> {
  const metadata = await sharp(file.bytes, { failOn: 'none', limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      throw damaged(error);
    });
  const { width, height, hasAlpha } = metadata;
  const complaints: string[] = [];
  return {
    width,
    height,
    alpha: hasAlpha,
    frames: file.frames,
    heldPerPixel: file.heldPerPixel,
    open: () => openFile(file, metadata, (complaint) => complaints.push(complaint)),
    check() {
      const damage = file.findDamage?.(complaints.join('\n'));
      if (damage) throw damaged(damage);
    },
  };
}

async function openFile(
  { bytes, orientation }: SanitisedFile,
  { space, depth, hasProfile, hasAlpha }: Metadata,
  onComplaint: (complaint: string) => unknown,
): Promise<Sharp> {
  // The format knows which warnings matter: some are about pixels that the decoder made up, others about nothing.
  const decoder = sharp(bytes, { failOn: 'error', limitInputPixels: false }).on('warning', onComplaint);
  const grey = space === 'b-w' || space === 'grey16';
  const decoded = upright(decoder, orientation);
  const image = grey ? inGrey(decoded) : decoded;
  // sharp carries 16 bits, and the profile of a grey image, through the effect and converts afterwards. With two workers the conversion
  // would come between their effects, and round differently: so it always comes first.
  const convertsLate = depth !== 'uchar' || (grey && hasProfile);
  return convertsLate ? openPixels(await toPixels(image, hasAlpha)) : image;
}
