import { damaged, tooComplex } from '../refusals.js';
import { orientationOf } from './orientation.js';
import { keepParts, type SanitisedFile } from './sanitised-file.js';

/** Enough for 20 MiB in chunks of 320 bytes; 8 KiB and more are usual. */
const MAX_CHUNKS = 65_536;
/** Length, type and checksum. */
const FRAME_BYTES = 12;
const IEND = Buffer.from('0000000049454e44ae426082', 'hex');
/** The ancillary chunks that change the pixels. */
const COLOUR_CHUNKS = ['tRNS', 'iCCP'];

/**
 * Removes all ancillary chunks except those for colour (ISO/IEC 15948, 5.4): a text of a few KB may decompress to megabytes, and there may
 * be thousands. The orientation is found wherever its chunk is. A file that ends without IEND gets one.
 *
 * @throws HttpProblem 422 when a chunk is cut off, or there are more than 65,536
 */
export function sanitisePng(file: Buffer): SanitisedFile {
  const parts = keepParts(file);
  parts.keep(0, 8);
  const seen = new Set<string>();
  let orientation = 1;
  let frames = 0;

  let at = 8;
  for (let count = 0; !seen.has('IEND'); count++) {
    if (count === MAX_CHUNKS) throw tooComplex(`The PNG has more than ${MAX_CHUNKS} chunks.`);
    if (at + FRAME_BYTES > file.length) {
      parts.insert(IEND);
      break;
    }
    const length = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    const end = at + FRAME_BYTES + length;
    if (end > file.length) throw damaged('a PNG chunk is cut off');
    const data = file.subarray(at + 8, end - 4);

    if (isCritical(type) || (COLOUR_CHUNKS.includes(type) && !seen.has(type))) parts.keep(at, end);
    else if (type === 'eXIf' && !seen.has(type)) orientation = orientationOf(data);
    else if (type === 'fcTL') frames++;
    seen.add(type);
    at = end;
  }
  return { bytes: parts.join(), orientation, frames: Math.max(frames, 1), heldPerPixel: heldPerPixel(file) };
}

/** ISO/IEC 15948, 5.4: a capital first letter. Unknown critical chunks are left for the decoder to refuse. */
function isCritical(type: string): boolean {
  return type < 'a';
}

/** An interlaced image is assembled in memory, and a 16-bit image is converted to 8 bits as a whole. */
function heldPerPixel(file: Buffer): number {
  const [depth, colourType, interlace] = [file[24] ?? 8, file[25] ?? 6, file[28]];
  const channels = { 0: 1, 2: 3, 4: 2 }[colourType] ?? 4;
  return (interlace ? channels * Math.max(depth / 8, 1) : 0) + (depth === 16 ? channels : 0);
}
