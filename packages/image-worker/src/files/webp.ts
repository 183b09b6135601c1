import { damaged, tooComplex } from '../refusals.js';
import { orientationOf } from './orientation.js';
import type { SanitisedFile } from './sanitised-file.js';

const MAX_CHUNKS = 65_536;
/** The same limit as libpng's: a larger colour profile is removed. */
const MAX_PROFILE_BYTES = 8_000_000;
/** The chunks that contain pixels. */
const IMAGE = ['ALPH', 'VP8 ', 'VP8L', 'ANMF'];
/** What VP8X declares (RFC 9649, 2.7.1): a colour profile, EXIF data, XMP data. */
const PROFILE = 0x20;
const METADATA = 0x20 | 0x08 | 0x04;
const PADDING = Buffer.alloc(1);

/**
 * Removes all chunks except those of the image and its colour profile (RFC 9649, 2.7), and all frames of an animation but the first. The
 * length in the header is updated.
 *
 * @throws HttpProblem 422 when the image is cut off or missing, or there are more than 65,536 chunks
 */
export function sanitiseWebp(file: Buffer): SanitisedFile {
  const { first, frames } = readChunks(file);
  const exif = first.get('EXIF');
  const chunks = ['VP8X', 'ICCP', 'ANIM', ...IMAGE].flatMap((type) => first.get(type) ?? []);
  const body = chunks.flatMap((chunk) => (chunk.length % 2 ? [chunk, PADDING] : [chunk]));
  return {
    bytes: Buffer.concat([riffHeader(body), ...body]),
    orientation: exif ? orientationOf(exif.subarray(8)) : 1,
    frames: Math.max(frames, 1),
    // The frame as it is encoded, and the canvas that it is drawn on.
    heldPerPixel: 8,
  };
}

/** The first chunk of each type, including headers, and the number of frames. */
function readChunks(file: Buffer) {
  const first = new Map<string, Buffer>();
  let frames = 0;
  let hasImage = false;
  for (let at = 12, count = 0; at + 8 <= file.length; count++) {
    if (count === MAX_CHUNKS) throw tooComplex(`The WebP has more than ${MAX_CHUNKS} chunks.`);
    const type = file.toString('latin1', at, at + 4);
    const length = file.readUInt32LE(at + 4);
    const end = at + 8 + length;
    const isImage = IMAGE.includes(type);
    if (end > file.length) {
      // Anything cut off after the image is not missed.
      if (isImage || !hasImage) throw damaged(`the WebP is cut off in ${type}`);
      break;
    }
    if (!first.has(type)) first.set(type, file.subarray(at, end));
    if (type === 'ANMF') frames++;
    hasImage ||= isImage && type !== 'ALPH';
    at = end + (length % 2);
  }
  if (!hasImage) throw damaged('the WebP has no image');
  leaveOutMetadata(first);
  return { first, frames };
}

function leaveOutMetadata(first: Map<string, Buffer>): void {
  const profile = first.get('ICCP');
  if (profile && profile.length > MAX_PROFILE_BYTES) first.delete('ICCP');
  const extended = first.get('VP8X');
  if (!extended) return;
  const copy = Buffer.from(extended);
  copy[8] = (copy[8]! & ~METADATA) | (first.has('ICCP') ? PROFILE : 0);
  first.set('VP8X', copy);
}

function riffHeader(body: Buffer[]): Buffer {
  const header = Buffer.from('RIFF\0\0\0\0WEBP', 'latin1');
  header.writeUInt32LE(
    body.reduce((sum, part) => sum + part.length, 4),
    4,
  );
  return header;
}
