import type { Channels, Sharp } from 'sharp';
import { sharp } from './sharp-setup.js';

/** Pixels in memory, 8 bits per channel, row by row: grey, grey and alpha, RGB, or RGB and alpha. */
export interface Pixels {
  data: Buffer;
  width: number;
  height: number;
  channels: Channels;
}

export function openPixels({ data, width, height, channels }: Pixels): Sharp {
  const image = sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
  return channels <= 2 ? inGrey(image) : image;
}

/** Keeps the channels of a grey image, which sharp would convert to RGB. */
export function inGrey(image: Sharp): Sharp {
  return image.toColourspace('b-w');
}

/**
 * Runs all operations requested of an image. The sharp object cannot be used afterwards: a clone would copy its pixels.
 *
 * @param alpha whether the image has an alpha channel
 */
export async function toPixels(image: Sharp, alpha: boolean): Promise<Pixels> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (!alpha || channels > 1) return { data, width, height, channels };
  // As raw pixels, sharp returns only the first channel of a grey image: alpha has to be requested.
  const opacity = await image.extractChannel('alpha').raw().toBuffer();
  const raw = { width, height, channels: 1 } as const;
  const both = sharp(data, { raw, limitInputPixels: false }).joinChannel(opacity, { raw });
  // With this colour space, both channels are returned.
  return { data: await both.toColourspace('multiband').raw().toBuffer(), width, height, channels: 2 };
}
