import { setTimeout as sleep } from 'node:timers/promises';
import { bodyBytes, HttpProblem, methodNotAllowed, readBody } from '@millrace/chassis/http';
import { currentSignal, type Logger } from '@millrace/chassis/process';
import { createWorkLimiter, type WorkLimiter } from '@millrace/chassis/work';
import {
  BACKGROUND_PRIORITY,
  IMAGE_FRAMES,
  mediaTypeOf,
  PRIORITY,
  QUICK_IMAGE_PIXELS,
} from '@millrace/contracts';
import { type Request, type Response, Router } from 'express';
import { probeClient } from './probe-client.js';
import { findFormat, type Format, TYPES } from './formats.js';
import { applyOperation, type ImageOperation } from './pipeline.js';
import { checkSize } from './size-limits.js';
import { readSource } from './source-image.js';

export interface ProcessOptions {
  operation: ImageOperation;
  limiter: WorkLimiter;
  maxPixels: number;
  maxBytes: number;
  /** Added to the time an image takes, in ms, while it keeps its place. */
  delayMs: number;
  logger: Logger;
}

/**
 * POST /process: takes an image and returns it with the effect applied, in the type that Accept names, or else in its own. The first bytes
 * decide what type the image is, whatever Content-Type says.
 */
export function processRoutes(options: ProcessOptions): Router {
  const { operation, limiter, maxPixels, maxBytes, delayMs, logger } = options;
  const router = Router();
  // Background work runs one at a time; but the caller may be wrong about whether an image is large, and there is only memory for one.
  const largeImages = createWorkLimiter({ name: 'large_images', concurrency: 1, queueLimit: Infinity });

  router
    .route('/process')
    .post(async (req, res) => {
      // Whatever can be refused by the headers is refused before it waits.
      checkContentType(req);
      const wanted = wantedFormat(req);
      bodyBytes(req, maxBytes);

      const stopProbing = probeClient(req, res);
      try {
        // The place is taken before the body is read. While a request waits, the client keeps the body and may go elsewhere; without
        // Expect, the body waits in the socket, and not in our memory.
        const answer = await limiter.run(
          async () => {
            if (req.headers.expect) res.writeContinue();
            const body = await readBody(req, maxBytes);
            if (body.length === 0) throw new HttpProblem(400, 'The request has no body. Send an image.');
            const format = formatOf(body);
            const target = wanted ?? format;
            const source = await readSource(body, format);
            checkSize(source, target, maxPixels);
            await sleep(delayMs, undefined, { signal: currentSignal() });
            const isQuick = source.width * source.height <= QUICK_IMAGE_PIXELS;
            const apply = () => applyOperation(source, operation, target);
            const image = isQuick ? await apply() : await largeImages.run(apply);
            return { type: target.type, frames: source.frames, image };
          },
          { background: req.get(PRIORITY) === BACKGROUND_PRIORITY },
        );
        stopProbing();
        send(res, answer);
      } catch (error) {
        logRefusal(logger, error);
        throw error;
      } finally {
        stopProbing();
      }
    })
    .all(methodNotAllowed);

  return router;
}

/** Images, and what programs send that do not know the type. The name is not trusted: the first bytes decide. */
function checkContentType(req: Request): void {
  const type = req.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === '' || type.startsWith('image/') || UNKNOWN.has(type)) return;
  throw new HttpProblem(415, `Send an image, one of: ${TYPES}.`, { headers: { 'Accept-Post': TYPES } });
}

const UNKNOWN = new Set(['application/octet-stream', 'binary/octet-stream']);

/** @returns undefined for the image's own type */
function wantedFormat(req: Request): Format | undefined {
  const accept = req.get('accept')?.trim().toLowerCase() || '*/*';
  if (accept === '*/*') return undefined;
  const format = findFormat(accept);
  if (format) return format;
  throw new HttpProblem(406, `Accept must name exactly one of: ${TYPES}.`);
}

function formatOf(body: Buffer): Format {
  const type = mediaTypeOf(body);
  const format = type && findFormat(type);
  if (format) return format;
  const fact = type ? `The body is ${type}.` : 'The body is no image that can be read.';
  throw new HttpProblem(415, `${fact} Send one of: ${TYPES}.`, { headers: { 'Accept-Post': TYPES } });
}

/** One line with the decoder's message, which the client does not get. It is not a bug, so there is no error and no stack. */
function logRefusal(logger: Logger, error: unknown): void {
  if (!(error instanceof HttpProblem) || error.status !== 422) return;
  const { cause } = error;
  const reason = cause instanceof Error ? cause.message : cause;
  logger.info({ detail: error.message, reason }, 'image refused');
}

interface Answer {
  type: string;
  frames: number;
  image: Buffer[];
}

function send(res: Response, { type, frames, image }: Answer): void {
  const length = image.reduce((sum, part) => sum + part.length, 0);
  res.set({ 'Content-Type': type, 'Content-Length': String(length) });
  if (frames > 1) res.set(IMAGE_FRAMES, String(frames));
  for (const part of image) res.write(part);
  res.end();
}
