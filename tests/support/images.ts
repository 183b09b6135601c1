import sharp from 'sharp';
import { pngFile } from './image-files.js';

/** An image with colours, edges and noise, so that no two places in it look the same. */
export async function makeImage(
  type: 'jpeg' | 'png' | 'webp',
  { width = 120, height = 80 } = {},
): Promise<Buffer> {
  const pixels = Buffer.alloc(width * height * 3);
  for (let offset = 0; offset < pixels.length; offset++) pixels[offset] = (offset * 7919) % 251;
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .toFormat(type)
    .toBuffer();
}

/** A black PNG with one bit per pixel: a few bytes that contain any number of pixels. */
export function blackPng(width: number, height: number): Buffer {
  return pngFile({ width, height, depth: 1, colour: 0 });
}
