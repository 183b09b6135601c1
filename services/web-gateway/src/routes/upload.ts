import { HttpProblem, methodNotAllowed, parseBody, type WorkLimiter } from '@millrace/chassis';
import { effectsSchema, imageTypeSchema, type UploadResponse } from '@millrace/contracts';
import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { applyEffects, type EffectWorkers } from '../apply-effects.js';
import type { ImageStore } from '../image-store.js';
import { imageTypeOf } from '../image-type.js';
import { receiveUpload } from '../receive-upload.js';

export interface UploadOptions {
  effectWorkers: EffectWorkers;
  images: ImageStore;
  limiter: WorkLimiter;
  maxBytes: number;
}

const formSchema = z.strictObject({ effects: effectsSchema });

/** POST /upload: a picture and the effects for it, as a multipart form. */
export function uploadRoutes({ effectWorkers, images, limiter, maxBytes }: UploadOptions): Router {
  const router = Router();

  const upload: RequestHandler = async (req, res) => {
    const { effects } = parseBody(formSchema, req.body ?? {});
    const type = imageTypeOf(fileOf(req.file));
    if (!type) throw new HttpProblem(415, `The file is not an image of a type that is taken: ${TYPES}.`);
    const image = { type, bytes: fileOf(req.file) };

    const { bytes, hops } = await applyEffects(image, effects, effectWorkers);
    const id = await images.save({ type, bytes });

    const answer: UploadResponse = {
      id,
      applied_effects: effects,
      processed_by_pod: hops.at(-1)!.pod,
      view_url: `/image/${id}`,
      hops,
    };
    res.status(201).location(answer.view_url).json(answer);
  };

  router.route('/upload').post(withinLimit(limiter), receiveUpload(maxBytes), upload).all(methodNotAllowed);

  return router;
}

const TYPES = imageTypeSchema.options.join(', ');

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
