import sharp, { type Sharp } from 'sharp';
import { makeRandom } from './random.js';

export interface ImageOptions {
  width?: number;
  height?: number;
  /** The strength of the noise, from 0 to 255. Default 24. */
  grain?: number;
}

/** An image like a camera's: soft light from gradients, hard edges, and grain; always the same. */
export function paint({ width = 320, height = 240, grain = 24 }: ImageOptions = {}): Sharp {
  const noise = makeNoise(grain);
  const pixels = new Uint8ClampedArray(width * height * 3);
  for (let y = 0, at = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, at += 3) {
      const edge = ((x >> 6) + (y >> 6)) % 2 === 0 ? 40 : 0;
      const light = edge + noise[(y * 257 + x) % noise.length]!;
      pixels[at] = (x / width) * 200 + light;
      pixels[at + 1] = (y / height) * 200 + light;
      pixels[at + 2] = ((x + y) / (width + height)) * 200 + light;
    }
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** A table of random numbers around 0: much faster to read than to generate for each of millions of pixels. */
function makeNoise(grain: number): Float32Array {
  const random = makeRandom(1);
  return Float32Array.from({ length: 65_537 }, () => (random() - 0.5) * grain);
}

export function jpeg(options?: ImageOptions): Promise<Buffer> {
  return paint(options).jpeg().toBuffer();
}

export interface Pixels {
  width: number;
  height: number;
  channels: number;
  data: Buffer;
}

/** The raw pixels of an image file. A grayscale image has a single channel. */
export async function decode(file: Buffer): Promise<Pixels> {
  const image = sharp(file);
  const { space } = await image.metadata();
  const { data, info } = await (space === 'b-w' ? image.toColourspace('b-w') : image)
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels, data };
}

/** The largest difference between two pixels at the same position. */
export function largestDifference(one: Pixels, other: Pixels): number {
  expect(sizeOf(one)).toEqual(sizeOf(other));
  let largest = 0;
  for (let i = 0; i < one.data.length; i += 1) {
    const difference = one.data[i]! - other.data[i]!;
    if (difference > largest) largest = difference;
    else if (-difference > largest) largest = -difference;
  }
  return largest;
}

function sizeOf({ width, height, channels }: Pixels) {
  return { width, height, channels };
}
