import type { ImageType } from '@millrace/contracts';
import sharp from 'sharp';
import { jpegSegment, webpExtended, withSegments } from '../../../tests/support/image-files.js';
import { uncompressedBytes } from './uncompressed-size.js';

const MB = 1_000_000;
const LARGEST = 50 * MB;
const image = () => sharp({ create: { width: 300, height: 200, channels: 3, background: 'red' } });
const pixels = 300 * 200;

let jpeg: Buffer;
beforeAll(async () => {
  jpeg = await image().jpeg().toBuffer();
});

it.each<[ImageType, number, () => Promise<Buffer>]>([
  ['image/jpeg', 3, () => image().jpeg().toBuffer()],
  ['image/jpeg', 3, () => image().jpeg({ progressive: true }).toBuffer()],
  ['image/png', 4, () => image().png().toBuffer()],
  ['image/webp', 4, () => image().webp().toBuffer()],
  ['image/webp', 4, () => image().webp({ lossless: true }).toBuffer()],
  ['image/webp', 4, () => image().withMetadata({ orientation: 6 }).webp().toBuffer()],
])('the size of %s is read from its header, with %i channels', async (type, channels, make) => {
  expect(uncompressedBytes({ type, bytes: await make() })).toBe(pixels * channels);
});

it('is found after megabytes of metadata', () => {
  const bytes = withSegments(jpeg, Array<Buffer>(300).fill(jpegSegment(0xe1, Buffer.alloc(65_000, 255))));
  expect(uncompressedBytes({ type: 'image/jpeg', bytes })).toBe(pixels * 3);
});

it.each<[string, ImageType, () => Buffer]>([
  ['a JPEG that is cut off', 'image/jpeg', () => jpeg.subarray(0, 30)],
  ['a JPEG of two bytes', 'image/jpeg', () => Buffer.from('ffd8', 'hex')],
  ['a PNG that is cut off', 'image/png', () => Buffer.from('89504e470d0a1a0a', 'hex')],
  ['a WebP that is cut off', 'image/webp', () => webpExtended(0, 9, 9)],
  ['nothing', 'image/jpeg', () => Buffer.alloc(0)],
])('%s counts as the largest possible image', (_what, type, make) => {
  expect(uncompressedBytes({ type, bytes: make() })).toBe(LARGEST * (type === 'image/jpeg' ? 3 : 4));
});

it.each<[string, () => Buffer]>([
  ['a marker and zeros', () => Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.alloc(20 * MB)])],
  ['a marker and fill bytes', () => Buffer.concat([Buffer.from('ffd8', 'hex'), Buffer.alloc(20 * MB, 255)])],
  [
    'empty segments',
    () => Buffer.concat([Buffer.from('ffd8', 'hex'), Buffer.alloc(20 * MB, 'ffe00002', 'hex')]),
  ],
  ['other bytes', () => Buffer.concat([Buffer.from('ffd8ff', 'hex'), Buffer.alloc(20 * MB, 'a')])],
])('20 MB of %s take no time', (_what, make) => {
  const bytes = make();
  for (const type of ['image/jpeg', 'image/png', 'image/webp'] as const) {
    // The threads of the whole process count, so the best of several runs does.
    const times = [1, 2, 3, 4, 5].map(() => {
      const begun = process.cpuUsage();
      expect(uncompressedBytes({ type, bytes })).toBeGreaterThanOrEqual(LARGEST);
      const { user, system } = process.cpuUsage(begun);
      return (user + system) / 1_000;
    });
    expect(Math.min(...times)).toBeLessThan(50);
  }
});
