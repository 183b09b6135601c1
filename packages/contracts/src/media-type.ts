import { INTERCHANGE_TYPE } from './images.js';

/** The bytes at certain offsets at the beginning of a file, as latin1. */
const SIGNATURES: [type: string, ...parts: [offset: number, text: string][]][] = [
  // SOI, then a marker: ISO/IEC 10918-1, B.1.1.3.
  ['image/jpeg', [0, '\xff\xd8\xff']],
  // ISO/IEC 15948, 5.2.
  ['image/png', [0, '\x89PNG\r\n\x1a\n']],
  // RFC 9649, 2.4.
  ['image/webp', [0, 'RIFF'], [8, 'WEBP']],
  [INTERCHANGE_TYPE, [0, 'P7\n']],
  ['image/gif', [0, 'GIF8']],
  ['image/tiff', [0, 'II*\0']],
  ['image/tiff', [0, 'MM\0*']],
  ['image/avif', [4, 'ftypavi']],
  ['image/heic', [4, 'ftyphe']],
  ['image/heif', [4, 'ftypmif1']],
  ['image/heif', [4, 'ftypmsf1']],
  ['image/jxl', [4, 'JXL ']],
  ['image/jxl', [0, '\xff\x0a']],
  ['image/jp2', [4, 'jP  ']],
  ['image/bmp', [0, 'BM'], [6, '\0\0\0\0']],
  ['image/vnd.adobe.photoshop', [0, '8BPS']],
  ['image/vnd.microsoft.icon', [0, '\0\0\x01\0']],
  ['application/pdf', [0, '%PDF-']],
];

const SVG = /^\s*<(svg|(\?xml|!--|!DOCTYPE svg)[^]*<svg)[\s/>]/;
/** How much of a file is examined. */
const START_BYTES = 1_024;

/**
 * Detects the media type of a file by its content, whatever its name: the supported images, and other files that people try to upload.
 *
 * @returns undefined for anything else
 */
export function mediaTypeOf(file: Uint8Array): string | undefined {
  // One character for each byte.
  const start = String.fromCharCode(...file.subarray(0, START_BYTES));
  const known = SIGNATURES.find(([, ...parts]) =>
    parts.every(([offset, text]) => start.startsWith(text, offset)),
  );
  return known?.[0] ?? (SVG.test(start.replace(/^\xef\xbb\xbf/, '')) ? 'image/svg+xml' : undefined);
}
