import { finished } from 'node:stream';
import type { Request } from 'express';
import { HttpProblem } from '../problem.js';

/** How long a client can be silent while it occupies a place. */
const IDLE_MS = 10_000;

/**
 * How much memory a body needs, in bytes: its Content-Length, or `maxBytes` without one. Reserve it before reading the body.
 *
 * @throws HttpProblem 413 when the length exceeds `maxBytes`
 */
export function bodyBytes(req: Request, maxBytes: number): number {
  const length = req.get('content-length');
  if (length === undefined) return maxBytes;
  if (Number(length) > maxBytes) throw tooLarge(maxBytes);
  return Number(length);
}

/**
 * Reads a body into memory, directly into one buffer if its length is known. A client that stops sending for 10 s is disconnected.
 *
 * @param maxBytes the maximum size
 * @param onPart called with each part as it arrives, so that a long body need not be scanned all at once
 * @throws HttpProblem 400 when it ends early, 413 when it is larger than `maxBytes`
 */
export function readBody(
  req: Request,
  maxBytes: number,
  onPart?: (part: Buffer) => unknown,
): Promise<Buffer> {
  const known = req.get('content-length') !== undefined;
  const body = known ? Buffer.allocUnsafeSlow(bodyBytes(req, maxBytes)) : undefined;
  const parts: Buffer[] = [];
  let length = 0;
  req.setTimeout(IDLE_MS);
  return new Promise<Buffer>((resolve, reject) => {
    // Events instead of the stream's iterator, whose promises cost as much as reading a large body.
    const take = (part: Buffer) => {
      if (length + part.length > maxBytes) {
        // The rest must be read before the connection can take another request.
        req.off('data', take).resume();
        reject(tooLarge(maxBytes));
        return;
      }
      if (body) part.copy(body, length);
      else parts.push(part);
      length += part.length;
      onPart?.(part);
    };
    req.on('data', take);
    finished(req, { writable: false }, (error) => {
      if (error) reject(new HttpProblem(400, 'The body ended early.', { cause: error }));
      else resolve(body ?? Buffer.concat(parts, length));
    });
  }).finally(() => req.setTimeout(0));
}

export function tooLarge(maxBytes: number): HttpProblem {
  return new HttpProblem(413, `The body is larger than ${maxBytes} bytes.`);
}
