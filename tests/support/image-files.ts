import { crc32, deflateSync } from 'node:zlib';

// Image files assembled piece by piece, as no encoder would write them.

const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
/** Channels by colour type. */
const CHANNELS = { 0: 1, 2: 3, 4: 2, 6: 4 };

export function pngChunk(type: string, data: Buffer = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

export interface PngParts {
  width?: number;
  height?: number;
  /** Bits per channel. Default 8. */
  depth?: 1 | 8 | 16;
  /** Grey 0, RGB 2, grey and alpha 4, RGBA 6. Default 2. */
  colour?: keyof typeof CHANNELS;
  interlaced?: boolean;
  /** Chunks before the pixels, and after them. */
  before?: Buffer[];
  after?: Buffer[];
}

/** A black PNG: a few bytes that contain any number of pixels. Default: 8 × 8. */
export function pngFile(parts: PngParts = {}): Buffer {
  const { width = 8, height = 8, depth = 8, colour = 2, interlaced = false, before = [], after = [] } = parts;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colour, 0, 0, interlaced ? 1 : 0], 8);
  const passes = interlaced ? ADAM7.map((pass) => passSize(width, height, pass)) : [{ width, height }];
  const bytes = passes.reduce(
    (sum, pass) =>
      pass.width * pass.height === 0
        ? sum
        : sum + pass.height * (1 + Math.ceil((pass.width * depth * CHANNELS[colour]) / 8)),
    0,
  );
  const pixels = pngChunk('IDAT', deflateSync(Buffer.alloc(bytes)));
  return Buffer.concat([
    PNG_SIGNATURE,
    pngChunk('IHDR', header),
    ...before,
    pixels,
    ...after,
    pngChunk('IEND'),
  ]);
}

/** The passes of an interlaced PNG: offset and step, across and down (ISO/IEC 15948, 8.2). */
const ADAM7 = [
  [0, 8, 0, 8],
  [4, 8, 0, 8],
  [0, 4, 4, 8],
  [2, 4, 0, 4],
  [0, 2, 2, 4],
  [1, 2, 0, 2],
  [0, 1, 1, 2],
] as const;

function passSize(width: number, height: number, [x, dx, y, dy]: (typeof ADAM7)[number]) {
  return {
    width: Math.max(0, Math.ceil((width - x) / dx)),
    height: Math.max(0, Math.ceil((height - y) / dy)),
  };
}

export function jpegSegment(marker: number, data: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(data.length + 2, 2);
  return Buffer.concat([head, data]);
}

/** A JPEG with additional segments before its own. */
export function withSegments(jpeg: Buffer, segments: Buffer[]): Buffer {
  return Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)]);
}

/**
 * A progressive grayscale JPEG that has its last scan many times: each is a few bytes, and takes the time of a decoding.
 *
 * @param jpeg progressive
 */
export function withScans(jpeg: Buffer, count: number): Buffer {
  const firstScan = jpeg.indexOf(Buffer.from([0xff, 0xda]));
  let end = firstScan + 2;
  while (jpeg[end] !== 0xff || jpeg[end + 1] === 0) end++;
  const frame = jpeg.indexOf(Buffer.from([0xff, 0xc2]));
  const blocks = Math.ceil(jpeg.readUInt16BE(frame + 5) / 8) * Math.ceil(jpeg.readUInt16BE(frame + 7) / 8);
  // A one-bit code for "no more in this block and the 16,383 after it, plus as many as 14 bits say".
  const table = jpegSegment(0xc4, Buffer.from([0x10, 1, ...Array<number>(15).fill(0), 0xe0]));
  const runs = Array.from({ length: Math.ceil(blocks / 16_384) }, () => '0'.repeat(15)).join('');
  const bits = runs.padEnd(Math.ceil(runs.length / 8) * 8, '1');
  const bytes = Buffer.from(bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)));
  const scan = Buffer.concat([jpegSegment(0xda, Buffer.from([1, 1, 0, 1, 63, 0])), bytes]);
  return Buffer.concat([
    jpeg.subarray(0, end),
    table,
    Buffer.concat(Array<Buffer>(count).fill(scan)),
    Buffer.from([0xff, 0xd9]),
  ]);
}

export function webpChunk(type: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(type, 'latin1');
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
}

export function webpFile(chunks: Buffer[]): Buffer {
  return webpChunk('RIFF', Buffer.concat([Buffer.from('WEBP'), ...chunks]));
}

/** The chunk that precedes all others. @param flags alpha 0x10, EXIF 0x08, XMP 0x04, animation 0x02 */
export function webpExtended(flags: number, width: number, height: number): Buffer {
  return webpChunk(
    'VP8X',
    Buffer.concat([Buffer.from([flags, 0, 0, 0]), uint24(width - 1), uint24(height - 1)]),
  );
}

/** The chunk with the pixels of a WebP that has no other. */
export function pixelsOf(webp: Buffer): Buffer {
  return webp.subarray(12);
}

/** A frame of an animation, at its upper left corner. */
export function webpFrame(pixels: Buffer, width: number, height: number): Buffer {
  const head = [uint24(0), uint24(0), uint24(width - 1), uint24(height - 1), uint24(100), Buffer.from([0])];
  return webpChunk('ANMF', Buffer.concat([...head, pixels]));
}

export const webpAnimation = webpChunk('ANIM', Buffer.alloc(6));

function uint24(value: number): Buffer {
  return Buffer.from([value & 255, (value >> 8) & 255, value >> 16]);
}

/** EXIF data that contain nothing but the orientation. */
export function exif(orientation: number, order: 'II' | 'MM' = 'II'): Buffer {
  const data = Buffer.from(order === 'II' ? `II*\0${'\0'.repeat(22)}` : `MM\0*${'\0'.repeat(22)}`, 'latin1');
  const long = (value: number, at: number) =>
    order === 'II' ? data.writeUInt32LE(value, at) : data.writeUInt32BE(value, at);
  const short = (value: number, at: number) =>
    order === 'II' ? data.writeUInt16LE(value, at) : data.writeUInt16BE(value, at);
  long(8, 4);
  short(1, 8);
  short(0x0112, 10);
  short(3, 12);
  long(1, 14);
  short(orientation, 18);
  return data;
}

/** EXIF data with thousands of entries that all point at the same bytes: a reader that copies each takes gigabytes. */
export function exifBomb(bytes: number): Buffer {
  const count = Math.min(65_535, Math.floor(bytes / 24));
  const data = Buffer.alloc(bytes);
  data.write('II*\0', 'latin1');
  data.writeUInt32LE(8, 4);
  data.writeUInt16LE(count, 8);
  const shared = 14 + 12 * count;
  for (let at = 10; at < shared - 4; at += 12) {
    data.writeUInt16LE(0x9286, at);
    data.writeUInt16LE(7, at + 2);
    data.writeUInt32LE(bytes - shared, at + 4);
    data.writeUInt32LE(shared, at + 8);
  }
  return data;
}
