import { setTimeout as sleep } from 'node:timers/promises';
import { HttpProblem, methodNotAllowed, type WorkLimiter } from '@millrace/chassis';
import { type Request, type Response, Router } from 'express';
import { clientGone, probeClient } from './client-gone.js';
import { findFormat, type Format, sniffFormat, TYPES } from './formats.js';
import { applyEffect, type Effect } from './pipeline.js';
import { readBody, tooLarge } from './read-body.js';
import { readSource } from './source-image.js';

export interface ProcessOptions {
  effect: Effect;
  limiter: WorkLimiter;
  maxPixels: number;
  maxBytes: number;
  /** Added to the time an image takes, in ms, while it holds its place. */
  delayMs: number;
}

/** POST /process: an image in (Content-Type says which), the image with the effect out, in the type that Accept names. */
export function processRoutes({ effect, limiter, maxPixels, maxBytes, delayMs }: ProcessOptions): Router {
  const router = Router();

  router
    .route('/process')
    .post(async (req, res) => {
      // What the headers tell is refused before it waits.
      const format = inputFormat(req);
      const target = outputFormat(req, format);
      if (Number(req.get('content-length')) > maxBytes) throw tooLarge(maxBytes);

      const gone = clientGone(res);
      const stopProbing = probeClient(req, res);
      try {
        // The place is taken before the body is read. Who waits keeps the body, and may go elsewhere; one who does not
        // ask (Expect) waits in the socket, and not in our memory.
        const image = await limiter.run(
          async () => {
            if (req.headers.expect) res.writeContinue();
            const body = await readBody(req, maxBytes);
            checkContent(body, format);
            const source = await readSource(body, format, maxPixels);
            await sleep(delayMs, undefined, { signal: gone });
            return applyEffect(source, effect, target);
          },
          { signal: gone },
        );
        stopProbing();
        send(res, target.type, image);
      } catch (error) {
        // Whatever it was, there is nobody left to tell.
        if (!gone.aborted) throw error;
      } finally {
        stopProbing();
      }
    })
    .all(methodNotAllowed);

  return router;
}

function inputFormat(req: Request): Format {
  const type = req.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  const format = findFormat(type);
  if (format) return format;
  throw new HttpProblem(415, `Send an image with its Content-Type, one of: ${TYPES}.`, {
    headers: { 'Accept-Post': TYPES },
  });
}

function outputFormat(req: Request, input: Format): Format {
  const accept = req.get('accept')?.trim().toLowerCase() || '*/*';
  const format = accept === '*/*' ? input : findFormat(accept);
  if (format) return format;
  throw new HttpProblem(406, `Accept must name exactly one of: ${TYPES}.`);
}

function checkContent(body: Buffer, format: Format): void {
  const found = sniffFormat(body);
  if (found === format) return;
  const fact = found ? `is ${found.type}` : 'is no image that can be read';
  throw new HttpProblem(415, `The Content-Type says ${format.type}, but the body ${fact}.`);
}

function send(res: Response, type: string, parts: Buffer[]): void {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  res.set({ 'Content-Type': type, 'Content-Length': String(length) });
  for (const part of parts) res.write(part);
  res.end();
}
