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
export async function readBody(
  req: Request,
  maxBytes: number,
  onPart?: (part: Buffer) => unknown,
): Promise<Buffer> {
  const known = req.get('content-length') !== undefined;
  const body = known ? Buffer.allocUnsafeSlow(bodyBytes(req, maxBytes)) : undefined;
  const parts: Buffer[] = [];
  let length = 0;
  req.setTimeout(IDLE_MS);
  try {
    for await (const part of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (body) part.copy(body, length);
      else if (length + part.length <= maxBytes) parts.push(part);
      length += part.length;
      if (length > maxBytes) break;
      onPart?.(part);
    }
  } catch (error) {
    throw new HttpProblem(400, 'The body ended early.', { cause: error });
  } finally {
    req.setTimeout(0);
  }
  if (length > maxBytes) {
    // The rest has to pass before the connection can take another request.
    req.resume();
    throw tooLarge(maxBytes);
  }
  return body ?? Buffer.concat(parts, length);
}

export function tooLarge(maxBytes: number): HttpProblem {
  return new HttpProblem(413, `The body is larger than ${maxBytes} bytes.`);
}
