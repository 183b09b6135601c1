import { randomUUID } from 'node:crypto';
import {
  HttpProblem,
  methodNotAllowed,
  parseBody,
  parseQuery,
  withTimeout,
  type WorkLimiter,
} from '@millrace/chassis';
import { asyncQuerySchema, effectsSchema } from '@millrace/contracts';
import { type EffectWorkers, type ImageStore, processImage } from '@millrace/workflows';
import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { forwardJob, type JobIntake } from '../job-intake.js';
import { imageTypeOf } from '../image-type.js';
import { receiveUpload } from '../receive-upload.js';

export interface UploadOptions {
  effectWorkers: EffectWorkers;
  images: ImageStore;
  intake: JobIntake;
  limiter: WorkLimiter;
  maxBytes: number;
}

const formSchema = z.strictObject({ effects: effectsSchema });

/** POST /upload: a picture and the effects for it, as a multipart form; with `?async=true` as a job. */
export function uploadRoutes({ effectWorkers, images, intake, limiter, maxBytes }: UploadOptions): Router {
  const router = Router();

  const upload: RequestHandler = async (req, res) => {
    const { async, ...scheduling } = parseQuery(asyncQuerySchema, req.query);
    const { effects } = parseBody(formSchema, req.body ?? {});
    const bytes = fileOf(req.file);
    const image = { type: imageTypeOf(bytes, 'file'), bytes };

    if (async === 'true') {
      await forwardJob(req, res, intake.image(image, effects, scheduling));
      return;
    }
    const order = { ...image, id: randomUUID(), effects };
    const answer = await withTimeout(effectWorkers.timeoutMs, () =>
      processImage(order, { ...effectWorkers, images }),
    );
    res.status(201).location(answer.view_url).json(answer);
  };

  router.route('/upload').post(withinLimit(limiter), receiveUpload(maxBytes), upload).all(methodNotAllowed);

  return router;
}

function fileOf(file: Express.Multer.File | undefined): Buffer {
  if (!file) {
    throw new HttpProblem(422, 'The form has no file.', {
      errors: [{ path: 'file', message: 'is missing' }],
    });
  }
  return file.buffer;
}

/** Lets a request go on when its turn comes, before its body is read, and holds its place until it is answered. */
function withinLimit(limiter: WorkLimiter): RequestHandler {
  return async (_req, res, next) => {
    const left = new AbortController();
    const ended = new Promise<void>((resolve) => {
      res.once('close', () => {
        left.abort();
        resolve();
      });
    });
    await limiter.run(() => {
      next();
      return ended;
    }, left.signal);
  };
}
