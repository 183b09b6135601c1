import type { Sharp } from 'sharp';

const ORIENTATION = 0x0112;
const SHORT = 3;
/** The prefix of EXIF data in JPEG, which some writers of WebP and PNG add as well. */
const PREFIX = 'Exif\0\0';

/**
 * The orientation in EXIF data (CIPA DC-008, 4.6.4): 1 to 8, and 1 when there is none. Nothing else is read: its entries may all point at
 * the same bytes, and a reader that copies each one fills its memory.
 */
export function orientationOf(exif: Buffer): number {
  const tiff = exif.toString('latin1', 0, PREFIX.length) === PREFIX ? exif.subarray(PREFIX.length) : exif;
  const order = tiff.toString('latin1', 0, 4);
  if (order !== 'II*\0' && order !== 'MM\0*') return 1;
  const little = order === 'II*\0';
  const short = (at: number) => (little ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const long = (at: number) => (little ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at));

  if (tiff.length < 8) return 1;
  const directory = long(4);
  if (directory + 2 > tiff.length) return 1;
  const count = short(directory);
  for (
    let index = 0, entry = directory + 2;
    index < count && entry + 12 <= tiff.length;
    index++, entry += 12
  ) {
    if (short(entry) !== ORIENTATION || short(entry + 2) !== SHORT) continue;
    const orientation = short(entry + 8);
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  }
  return 1;
}

/** Flips and rotates an image according to its orientation. */
export function upright(image: Sharp, orientation: number): Sharp {
  const { mirror, turn } = TO_UPRIGHT[orientation - 1]!;
  const mirrored = mirror ? image.flop() : image;
  return turn ? mirrored.rotate(turn) : mirrored;
}

/** By orientation: whether to flip horizontally, then degrees clockwise. sharp applies them in this order. */
const TO_UPRIGHT = [
  { mirror: false, turn: 0 },
  { mirror: true, turn: 0 },
  { mirror: false, turn: 180 },
  { mirror: true, turn: 180 },
  { mirror: true, turn: 270 },
  { mirror: false, turn: 90 },
  { mirror: true, turn: 90 },
  { mirror: false, turn: 270 },
];
