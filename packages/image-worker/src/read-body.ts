import { HttpProblem } from '@millrace/chassis';
import type { Request } from 'express';

/** How long a client may send nothing while it holds a place. */
const IDLE_MS = 10_000;

/**
 * Reads a body of at most `maxBytes` into memory. A client that stops sending for 10 s is disconnected.
 *
 * @throws HttpProblem 400 when it is empty or ends early, 413 when it is larger
 */
export async function readBody(req: Request, maxBytes: number): Promise<Buffer> {
  const body = collect(req, maxBytes);
  let length = 0;
  req.setTimeout(IDLE_MS);
  try {
    for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > maxBytes) break;
      body.add(chunk);
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
  if (length === 0) throw new HttpProblem(400, 'The request has no body. Send an image.');
  return body.all();
}

/** A body of known length is put where it will stay: one of 150 MB would lie in memory twice for a while. */
function collect(req: Request, maxBytes: number) {
  const chunks: Buffer[] = [];
  const announced = Number(req.get('content-length'));
  const place = announced <= maxBytes ? Buffer.allocUnsafeSlow(announced) : undefined;
  let length = 0;
  return {
    add(chunk: Buffer): void {
      if (place) length += chunk.copy(place, length);
      else chunks.push(chunk);
    },
    all: () => place ?? Buffer.concat(chunks),
  };
}

export function tooLarge(maxBytes: number): HttpProblem {
  return new HttpProblem(413, `The body is larger than ${maxBytes} bytes.`);
}
