import type { Channels } from 'sharp';
import type { Pixels } from './pixels.js';

const TUPLE_TYPES = { 1: 'GRAYSCALE', 2: 'GRAYSCALE_ALPHA', 3: 'RGB', 4: 'RGB_ALPHA' } as const;
const END = 'ENDHDR\n';
const MAX_HEADER_BYTES = 1_000;

/** The header of a Netpbm PAM file, https://netpbm.sourceforge.net/doc/pam.html; the pixels follow as they are. */
export function pamHeader({ width, height, channels }: Omit<Pixels, 'data'>): Buffer {
  const tupleType = TUPLE_TYPES[channels];
  return Buffer.from(
    `P7\nWIDTH ${width}\nHEIGHT ${height}\nDEPTH ${channels}\nMAXVAL 255\nTUPLTYPE ${tupleType}\n${END}`,
  );
}

/** Reads a PAM file without copying its pixels. Undefined when it is not PAM, does not have 8 bits, or lacks pixels. */
export function parsePam(file: Buffer): Pixels | undefined {
  const headerEnd = file.subarray(0, MAX_HEADER_BYTES).indexOf(END);
  if (headerEnd < 0) return undefined;
  const lines = file.toString('latin1', 0, headerEnd).split('\n');
  const fields = new Map(lines.map((line) => line.split(' ', 2) as [string, string]));
  const number = (name: string) => Number(fields.get(name));
  const [width, height, channels] = [number('WIDTH'), number('HEIGHT'), number('DEPTH')];

  const data = file.subarray(headerEnd + END.length);
  const known = lines[0] === 'P7' && number('MAXVAL') === 255 && isChannels(channels);
  const sized = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (!known || !sized || data.length !== width * height * channels) return undefined;
  return { data, width, height, channels };
}

function isChannels(depth: number): depth is Channels {
  return depth in TUPLE_TYPES;
}
