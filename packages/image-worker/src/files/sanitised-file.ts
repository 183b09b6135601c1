/** An image file with what its decoder needs and nothing else, so that pixels alone decide what decoding costs. */
export interface SanitisedFile {
  /** The file as it came when there was nothing to leave out. */
  bytes: Buffer;
  /** The EXIF orientation: 1 (upright) to 8. */
  orientation: number;
  /** How many frames the file has; more than one makes an animation. `bytes` holds the first. */
  frames: number;
  /** How many bytes the decoder holds for each pixel, because it cannot work row by row. */
  heldPerPixel: number;
  /** Of what its decoder complained of: the line that means that pixels are missing or wrong. */
  findDamage?: (complaints: string) => string | undefined;
}

/** Collects the parts of a file that are kept, without copying them. */
export function keepParts(file: Buffer) {
  const parts: Buffer[] = [];
  let start = 0;
  let end = 0;
  const close = () => {
    if (end > start) parts.push(file.subarray(start, end));
    start = end = 0;
  };
  return {
    /** Keeps `file` from one offset to another. */
    keep(from: number, to: number): void {
      if (from !== end || end === start) {
        close();
        start = from;
      }
      end = to;
    },
    /** Puts bytes in that the file does not have there. */
    insert(bytes: Buffer): void {
      close();
      parts.push(bytes);
    },
    /** The file itself when all of it was kept; else a copy. */
    join(): Buffer {
      close();
      return parts.length === 1 && parts[0]!.length === file.length ? file : Buffer.concat(parts);
    },
  };
}
