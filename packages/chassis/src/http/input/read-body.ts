import { finished } from 'node:stream';
import type { Request } from 'express';
import { HttpProblem } from '../problem.js';

/** How long a client may send nothing while it holds a place. */
const IDLE_MS = 10_000;

/**
 * How many bytes of memory a body can take: what Content-Length says, or `maxBytes` when it does not say. To be claimed before the body is
 * read.
 *
 * @throws HttpProblem 413 when the length is over `maxBytes`
 */
export function bodyBytes(req: Request, maxBytes: number): number {
  const length = req.get('content-length');
  if (length === undefined) return maxBytes;
  if (Number(length) > maxBytes) throw tooLarge(maxBytes);
  return Number(length);
}

/**
 * Reads a body into memory: once, when its length is known, and not in parts that are joined in the end. A client that stops sending
 * for 10 s is disconnected.
 *
 * @param maxBytes the most that it may have
 * @param onPart is given each part as it comes, so that what has to look at all of a long body need not do it at once
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
    // Events, and not the stream's iterator: each of its steps is a turn through promises, which for a large body costs as much as reading it.
    const take = (part: Buffer) => {
      if (length + part.length > maxBytes) {
        // The rest has to pass before the connection can take another request.
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
