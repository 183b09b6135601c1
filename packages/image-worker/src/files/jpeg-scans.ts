import { tooComplex } from '../refusals.js';
import { type Frame, hasSegment, readScan, type Scan } from './jpeg-headers.js';

/** Each scan takes the time of a whole decoding, and may have hardly any bytes. About 10 are usual. */
const MAX_SCANS = 100;
/** The number of 0xFF bytes, whether markers or not. In coded pixels every 256th byte is one, so this allows 64 MiB. */
const MAX_STEPS = 262_144;

/** What the markers of a file say, from its first scan on. */
export interface Scans {
  scans: Scan[];
  /** The offset of EOI; undefined when there is none. */
  end: number | undefined;
}

/**
 * Reads the markers between and after the coded pixels, up to EOI.
 *
 * @param from the offset after the first scan's header
 * @throws HttpProblem 422 when there are more than 100 scans, or too many markers
 */
export function walkScans(file: Buffer, from: number, first: Scan): Scans {
  const scans = [first];
  let at = file.indexOf(0xff, from);
  for (let steps = 0; at >= 0 && at + 1 < file.length; steps++) {
    if (steps === MAX_STEPS) throw tooComplex('The JPEG has too many markers.');
    const marker = file[at + 1]!;
    if (marker === 0xd9) return { scans, end: at };
    let next = marker === 0xff ? at + 1 : at + 2;
    if (hasSegment(marker)) {
      const header = segmentAt(file, at);
      const scan = marker === 0xda ? readScan(header) : undefined;
      if (scan) scans.push(scan);
      if (scans.length > MAX_SCANS) throw tooComplex(`The JPEG has more than ${MAX_SCANS} scans.`);
      next += 2 + header.length;
    }
    at = file.indexOf(0xff, next);
  }
  return { scans, end: undefined };
}

/** The payload of the segment whose marker is at an offset; truncated where the file is. */
function segmentAt(file: Buffer, at: number): Buffer {
  const length = at + 4 <= file.length ? file.readUInt16BE(at + 2) : 2;
  return file.subarray(at + 4, at + 2 + Math.max(length, 2));
}

/** Whether the scans contain every coefficient of every component, to its last bit. */
export function isComplete(frame: Frame, scans: Scan[]): boolean {
  return frame.components.every(({ id }) => {
    const bitsMissing = new Uint8Array(64).fill(255);
    for (const scan of scans) {
      if (!scan.components.includes(id)) continue;
      if (frame.progressive) bitsMissing.fill(scan.bitsMissing, scan.first, scan.last + 1);
      else bitsMissing.fill(0);
    }
    return bitsMissing.every((bits) => bits === 0);
  });
}
