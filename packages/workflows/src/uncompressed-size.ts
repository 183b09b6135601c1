import { type ImageType, MAX_IMAGE_PIXELS } from '@millrace/contracts';
import { imageSize } from 'image-size';

/** Where PNG and WebP store their size. */
const HEADER_BYTES = 64;
/** In a JPEG, the size comes after the metadata, which may be megabytes: it is skipped, not searched. */
const MAX_SEGMENTS = 10_000;

interface Image {
  type: ImageType;
  bytes: Buffer;
}

/**
 * How many pixels an image has, according to its header. Takes no longer for a large file than for a small one. A header that cannot be
 * read counts as the largest possible image.
 */
export function pixelsOf({ type, bytes }: Image): number {
  return type === 'image/jpeg' ? jpegPixels(bytes) : headerPixels(bytes);
}

/** How many bytes an image takes between two workers: one per channel, and JPEG has no alpha. */
export function uncompressedBytes(image: Image): number {
  return pixelsOf(image) * (image.type === 'image/jpeg' ? 3 : 4);
}

function headerPixels(file: Buffer): number {
  try {
    const { width, height } = imageSize(file.subarray(0, HEADER_BYTES));
    return width * height;
  } catch {
    return MAX_IMAGE_PIXELS;
  }
}

/** From segment to segment (ISO/IEC 10918-1, B.1.1.4) to the frame header: SOF0 to SOF15 except DHT, JPG and DAC. */
function jpegPixels(file: Buffer): number {
  let at = 2;
  for (let count = 0; count < MAX_SEGMENTS && at + 9 <= file.length && file[at] === 0xff; count++) {
    const marker = file[at + 1]!;
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return file.readUInt16BE(at + 5) * file.readUInt16BE(at + 7);
    }
    at += marker === 0xff ? 1 : 2 + file.readUInt16BE(at + 2);
  }
  return MAX_IMAGE_PIXELS;
}
