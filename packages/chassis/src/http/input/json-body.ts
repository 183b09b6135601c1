import { isUtf8 } from 'node:buffer';
import express, { type Request, type RequestHandler } from 'express';
import { SMALL_BODY_BYTES, withBodyMemory } from './body-memory.js';
import { HttpProblem } from '../problem.js';
import { tooLarge } from './read-body.js';
import { currentContext, withContext } from '../../process/context/request-context.js';

/** The longest task: 20,000 characters, for each of which some clients write twelve bytes (`\ud83d\ude00`). */
export const JSON_BODY_LIMIT_BYTES = 256 * 1024;

/** For longer bodies, parsing and validation run in separate turns of the event loop. */
const LONG_BODY_BYTES = 64 * 1024;

const TYPES = ['application/json', 'application/*+json'];
const ENCODINGS = ['gzip', 'deflate', 'br'];
const BYTE_ORDER_MARK = '\ufeff';

/**
 * Reads a JSON body once there is memory for it: see `withBodyMemory`. Responds with 415 to another content type, charset or content
 * encoding, 413 to a larger body, and 400 to malformed JSON or a body that does not match its headers.
 *
 * @param maxBytes the maximum size, uncompressed
 */
export function jsonBodyUpTo(maxBytes: number): RequestHandler {
  return readJsonBody(maxBytes, (req, bytes) => (req.body = parseJson(bytes)));
}

/**
 * Like `jsonBodyUpTo`, for routes that pass the body on: it stays an uncompressed Buffer, or undefined when there is none. `parseJson`
 * parses it.
 */
export function jsonBytesUpTo(maxBytes: number): RequestHandler {
  return readJsonBody(maxBytes, (req, bytes) => (req.body = bytes));
}

function readJsonBody(maxBytes: number, take: (req: Request, bytes: Buffer) => void): RequestHandler {
  const readBytes: RequestHandler = express.raw({ limit: maxBytes, type: TYPES });
  return (req, res, next) => {
    const { headers } = req;
    const length = headers['content-length'];
    // Without a body (Nginx gives an empty chunked one the length 0), the schema reports what is missing.
    if (length === '0' || (length === undefined && headers['transfer-encoding'] === undefined)) {
      next();
      return;
    }
    checkHeaders(req);
    const goOn = (bytes: Buffer) => {
      try {
        take(req, bytes);
      } catch (problem) {
        next(problem);
        return;
      }
      if (bytes.length > LONG_BODY_BYTES) setImmediate(next);
      else next();
    };
    if (headers['content-encoding'] === undefined && Number(length) <= Math.min(maxBytes, SMALL_BODY_BYTES)) {
      readSmallBody(req, Number(length), goOn);
      return;
    }
    return withBodyMemory(req, res, maxBytes, () => {
      void readBytes(req, res, (error: unknown) => {
        if (error) next(toProblem(error, req, maxBytes));
        else goOn(req.body as Buffer);
      });
    });
  };
}

/**
 * Most bodies are small, and the general way of reading them costs several times as much. If the client disconnects before the end of its
 * body, nothing happens.
 */
function readSmallBody(req: Request, length: number, goOn: (bytes: Buffer) => void): void {
  // Event handlers run outside of the request's context.
  const context = currentContext();
  let body: Buffer | undefined;
  let missing = length;
  req.on('data', (part: Buffer) => {
    // Most come in one part. Others are not kept as parts, because small parts take more memory than they have bytes.
    if (part.length === length) body = part;
    else part.copy((body ??= Buffer.allocUnsafe(length)), length - missing);
    missing -= part.length;
    if (missing > 0) return;
    const bytes = body;
    if (context) withContext(context, () => goOn(bytes));
    else goOn(bytes);
  });
}

/** `jsonBodyUpTo` 256 KiB. */
export const jsonBody: RequestHandler = jsonBodyUpTo(JSON_BODY_LIMIT_BYTES);

function checkHeaders(req: Request): void {
  if (req.headers['content-type'] === TYPES[0] && req.headers['content-encoding'] === undefined) return;
  if (!req.is(TYPES)) {
    throw new HttpProblem(415, 'Send JSON, with the header Content-Type: application/json.', {
      headers: { 'Accept-Post': 'application/json' },
    });
  }
  const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(req.get('content-type') ?? '')?.[1] ?? 'utf-8';
  if (!/^utf-?8$/i.test(charset)) {
    throw new HttpProblem(
      415,
      `The charset ${charset.slice(0, 40)} is not supported. Send JSON in UTF-8 (RFC 8259).`,
      { headers: { 'Accept-Post': 'application/json' } },
    );
  }
  const encoding = contentEncoding(req);
  if (encoding !== 'identity' && !ENCODINGS.includes(encoding)) {
    const named = ENCODINGS.join(', ');
    throw new HttpProblem(
      415,
      `The Content-Encoding ${encoding.slice(0, 40)} is not supported. Omit the header, or compress the body with one of: ${named}.`,
      { headers: { 'Accept-Encoding': named } },
    );
  }
}

const contentEncoding = (req: Request) => req.get('content-encoding')?.toLowerCase() ?? 'identity';

/** Errors of decompression have no type; those of body-parser itself have one that the error handler knows. */
function toProblem(error: unknown, req: Request, maxBytes: number): unknown {
  const encoding = contentEncoding(req);
  const { type } = error as { type?: unknown };
  if (type === 'entity.too.large') return tooLarge(maxBytes);
  if (encoding === 'identity' || typeof type === 'string') return error;
  return new HttpProblem(
    400,
    `The header says Content-Encoding: ${encoding}, but the body is not valid ${encoding}. Compress it, or omit the header.`,
    { cause: error },
  );
}

/**
 * Parses a JSON body; undefined when there is none.
 *
 * @throws HttpProblem 400 when it is not JSON in UTF-8
 */
export function parseJson(bytes: Buffer | undefined): unknown {
  // Empty: chunked, without a chunk.
  if (!bytes || bytes.length === 0) return undefined;
  if (!isUtf8(bytes)) throw new HttpProblem(400, 'The body is not valid UTF-8.');
  const text = bytes.toString();
  try {
    return JSON.parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
  } catch (error) {
    throw new HttpProblem(400, 'The body is not valid JSON.', { cause: error });
  }
}
