/** An image file reduced to what its decoder needs, so that the pixels alone determine what decoding costs. */
export interface SanitisedFile {
  /** The original file when there was nothing to remove. */
  bytes: Buffer;
  /** The EXIF orientation: 1 (upright) to 8. */
  orientation: number;
  /** How many frames the file has; more than one makes an animation. `bytes` holds the first. */
  frames: number;
  /** How many bytes the decoder holds for each pixel, because it cannot work row by row. */
  heldPerPixel: number;
  /** From the decoder's complaints: the line that means that pixels are missing or wrong. */
  findDamage?: (complaints: string) => string | undefined;
}

/** Collects the parts of a file to keep, without copying them. */
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
    /** Inserts bytes that the file does not have there. */
    insert(bytes: Buffer): void {
      close();
      parts.push(bytes);
    },
    /** The file itself when all of it was kept; otherwise a copy. */
    join(): Buffer {
      close();
      return parts.length === 1 && parts[0]!.length === file.length ? file : Buffer.concat(parts);
    },
  };
}
