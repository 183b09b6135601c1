/** A component of the image, and how often it is sampled in a minimum coded unit. */
interface Component {
  id: number;
  horizontal: number;
  vertical: number;
}

/** The content of a frame header (ISO/IEC 10918-1, B.2.2). */
export interface Frame {
  progressive: boolean;
  width: number;
  height: number;
  components: Component[];
}

/** What a scan contains (ISO/IEC 10918-1, B.2.3): coefficients of some components, possibly without their lowest bits. */
export interface Scan {
  components: number[];
  first: number;
  last: number;
  bitsMissing: number;
}

/** Whether a segment follows the marker. Not after 0, which makes 0xFF a byte of pixels; fill bytes; RST0 to RST7, SOI, EOI. */
export function hasSegment(marker: number): boolean {
  return marker >= 0xc0 && marker !== 0xff && (marker < 0xd0 || marker > 0xd9);
}

/** SOF0 to SOF15; DHT, JPG and DAC lie among them. */
export function isFrameMarker(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** @returns undefined when the header is shorter than it claims */
export function readFrame(marker: number, header: Buffer): Frame | undefined {
  const count = header[5] ?? 0;
  if (count === 0 || header.length < 6 + 3 * count) return undefined;
  const components = Array.from({ length: count }, (_, index) => {
    const [id, sampling] = header.subarray(6 + 3 * index);
    return { id: id!, horizontal: sampling! >> 4, vertical: sampling! & 15 };
  });
  return {
    progressive: (marker & 3) === 2,
    width: header.readUInt16BE(3),
    height: header.readUInt16BE(1),
    components,
  };
}

/** @returns undefined when the header is shorter than it claims */
export function readScan(header: Buffer): Scan | undefined {
  const count = header[0] ?? 0;
  const parameters = 1 + 2 * count;
  if (count === 0 || header.length < parameters + 3) return undefined;
  const [first, last, approximation] = header.subarray(parameters);
  return {
    components: Array.from({ length: count }, (_, index) => header[1 + 2 * index]!),
    first: first!,
    last: last!,
    bitsMissing: approximation! & 15,
  };
}

/**
 * The parameters of a scan in an image that is not progressive: all coefficients, to the last bit. Some cameras write zeros there, which
 * decoders ignore.
 */
export function asSequential(segment: Buffer): Buffer {
  if (segment.subarray(-3).equals(ALL)) return segment;
  return Buffer.concat([segment.subarray(0, -3), ALL]);
}

const ALL = Buffer.from([0, 63, 0]);
