/**
 * An incoming body, part by part. When its length is known it goes into one buffer from the start, so that a large body is never in memory
 * twice.
 */
export class BodyParts {
  private readonly buffer: Buffer | undefined;
  private readonly parts: Buffer[] = [];
  private length = 0;

  /** @param contentLength the header, if there is one */
  constructor(contentLength: string | string[] | undefined) {
    const expected = Number(contentLength);
    if (expected > SMALL_BYTES) this.buffer = Buffer.allocUnsafeSlow(expected);
  }

  add(part: Buffer): void {
    if (this.buffer) part.copy(this.buffer, this.length);
    else this.parts.push(part);
    this.length += part.length;
  }

  /** What has arrived. */
  whole(): Buffer {
    if (this.buffer) return this.buffer.subarray(0, this.length);
    return this.parts.length === 1 ? this.parts[0]! : Buffer.concat(this.parts, this.length);
  }
}

/** Usually a single part. */
const SMALL_BYTES = 16 * 1024;
