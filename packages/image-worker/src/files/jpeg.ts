import { damaged, tooComplex } from '../refusals.js';
import { asSequential, type Frame, hasSegment, isFrameMarker, readFrame, readScan } from './jpeg-headers.js';
import { isComplete, walkScans } from './jpeg-scans.js';
import { orientationOf } from './orientation.js';
import { keepParts, type SanitisedFile } from './sanitised-file.js';

/** Before the first scan. 10 to 30 are usual, and hundreds from an image editor. */
const MAX_SEGMENTS = 65_536;
/** The maximum number of segments that one profile can be split into (ICC.1:2022, B.4). */
const MAX_PROFILE_SEGMENTS = 255;
const EOI = Buffer.from([0xff, 0xd9]);
/**
 * Eight bytes of ones, as much as a decoder reads ahead. No code consists of ones only, so a decoder that lacks pixels soon reaches the end
 * of the file, which is an error. At EOI it would make up the missing pixels, however many there are.
 */
const NO_PIXELS = Buffer.from('ff00'.repeat(8), 'hex');

/** What viewers ignore silently, in the words of libjpeg. */
const HARMLESS =
  /^VipsJpeg: (Corrupt JPEG data: \d+ extraneous bytes before marker|Unknown Adobe color transform|Warning: unknown JFIF revision|Inconsistent progression sequence)/;

/**
 * Removes all APPn and COM segments (ISO/IEC 10918-1, B.2.4.6) except those that define the colours, and everything after the image. It
 * does not matter whether the file ends with EOI, but it does matter whether all pixels are there.
 *
 * @throws HttpProblem 422 when it is cut off before its first scan or between two, or has too many segments or scans
 */
export function sanitiseJpeg(file: Buffer): SanitisedFile {
  const { parts, orientation, frame, scan, scansFrom } = readHeader(file);
  // If it contains all components, the first scan of an image that is not progressive is the only one that is decoded.
  const isSingleScan = !frame.progressive && scan.components.length === frame.components.length;
  const endsWithEoi = file.subarray(-2).equals(EOI);
  const { scans, end } =
    isSingleScan && endsWithEoi ? { scans: [scan], end: file.length - 2 } : walkScans(file, scansFrom, scan);
  const hasAllScans = isSingleScan || isComplete(frame, scans);
  if (end === undefined && !hasAllScans) throw damaged('the JPEG is cut off between two scans');

  parts.keep(scansFrom, end ?? file.length);
  parts.insert(isSingleScan ? NO_PIXELS : EOI);
  return {
    bytes: parts.join(),
    orientation,
    frames: 1,
    heldPerPixel: isSingleScan ? 0 : coefficientBytesPerPixel(frame),
    findDamage: (complaints) =>
      complaints
        .split('\n')
        .find((line) => line.startsWith('VipsJpeg: ') && !(hasAllScans && HARMLESS.test(line))),
  };
}

function readHeader(file: Buffer) {
  const parts = keepParts(file);
  parts.keep(0, 2);
  let frame: Frame | undefined;
  let orientation: number | undefined;
  let profileSegments = 0;

  // Bytes that belong to no segment are skipped, as every decoder does.
  let at = file.indexOf(0xff, 2);
  for (let count = 0; at >= 0 && at + 4 <= file.length; count++) {
    if (count === MAX_SEGMENTS) throw tooComplex(`The JPEG has more than ${MAX_SEGMENTS} segments.`);
    const marker = file[at + 1]!;
    if (!hasSegment(marker)) {
      at = file.indexOf(0xff, marker === 0xff ? at + 1 : at + 2);
      continue;
    }
    const end = at + 2 + file.readUInt16BE(at + 2);
    if (end > file.length || end < at + 4) break;
    const data = file.subarray(at + 4, end);

    if (marker === 0xda) {
      const scan = readScan(data);
      if (!frame || !scan) break;
      const segment = file.subarray(at, end);
      const right = frame.progressive ? segment : asSequential(segment);
      if (right === segment) parts.keep(at, end);
      else parts.insert(right);
      return { parts, orientation: orientation ?? 1, frame, scan, scansFrom: end };
    }
    if (isFrameMarker(marker)) frame ??= readFrame(marker, data);
    if (marker === 0xe1 && startsWith(data, 'Exif\0')) orientation ??= orientationOf(data);
    const isProfile = marker === 0xe2 && startsWith(data, 'ICC_PROFILE\0');
    if (isProfile) profileSegments++;
    const isKept = isProfile ? profileSegments <= MAX_PROFILE_SEGMENTS : !isMetadata(marker, data);
    if (isKept) parts.keep(at, end);
    at = file.indexOf(0xff, end);
  }
  throw damaged('the JPEG has no scan');
}

/** APPn and COM; JFIF and Adobe define how the components make colours. */
function isMetadata(marker: number, data: Buffer): boolean {
  if (marker === 0xe0) return !startsWith(data, 'JFIF\0');
  if (marker === 0xee) return !startsWith(data, 'Adobe');
  return (marker > 0xe0 && marker <= 0xef) || marker === 0xfe;
}

function startsWith(data: Buffer, text: string): boolean {
  return data.toString('latin1', 0, text.length) === text;
}

/** Two bytes per coefficient: an image of several scans is assembled in memory. */
function coefficientBytesPerPixel({ components }: Frame): number {
  const samples = components.map(({ horizontal, vertical }) => horizontal * vertical);
  return (2 * samples.reduce((sum, count) => sum + count, 0)) / Math.max(...samples, 1);
}
