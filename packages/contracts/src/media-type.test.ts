import sharp from 'sharp';
import { mediaTypeOf } from './media-type.js';

const image = () => sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } });

it.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)('recognizes a %s', async (format) => {
  expect(mediaTypeOf(await image().toFormat(format).toBuffer())).toBe(`image/${format}`);
});

it.each([
  ['image/tiff', 'MM\0*\0\0'],
  ['image/heic', '\0\0\0\x18ftypheic\0\0\0\0'],
  ['image/heif', '\0\0\0\x18ftypmif1\0\0\0\0'],
  ['image/jxl', '\xff\x0a'],
  ['image/jxl', '\0\0\0\x0cJXL \r\n\x87\n'],
  ['image/jp2', '\0\0\0\x0cjP  \r\n\x87\n'],
  ['image/bmp', 'BM\x46\0\0\0\0\0\0\0'],
  ['image/vnd.adobe.photoshop', '8BPS\0\x01'],
  ['image/vnd.microsoft.icon', '\0\0\x01\0\x01\0'],
  ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
  ['image/svg+xml', '\xef\xbb\xbf<?xml version="1.0"?>\n<!-- an image -->\n<svg/>'],
  ['application/pdf', '%PDF-1.7'],
  ['image/x-portable-arbitrarymap', 'P7\nWIDTH 1'],
])('recognizes %s', (type, start) => {
  expect(mediaTypeOf(Buffer.from(start, 'latin1'))).toBe(type);
});

it.each(['', '\xff', 'RIFF\0\0\0\0WAVE', 'BMW', 'a text', '<html><svg></svg></html>', '<!--'.repeat(5_000)])(
  'does not recognize %j',
  (start) => {
    expect(mediaTypeOf(Buffer.from(start, 'latin1'))).toBeUndefined();
  },
);
