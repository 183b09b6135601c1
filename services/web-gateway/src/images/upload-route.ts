import { randomUUID } from 'node:crypto';
import {
  type Allowance,
  bodyBytes,
  charge,
  HttpProblem,
  methodNotAllowed,
  parseBody,
  parseQuery,
} from '@millrace/chassis/http';
import { currentOwner, withTimeout } from '@millrace/chassis/process';
import type { WorkLimiter } from '@millrace/chassis/work';
import { asyncQuerySchema, effectsSchema } from '@millrace/contracts';
import { type EffectWorkers, type ImageStore, processImage } from '@millrace/workflows';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import { z } from 'zod';
import { forwardJob } from '../jobs/forward-job.js';
import type { JobClient } from '../jobs/job-client.js';
import { imageTypeOf } from './image-type.js';
import { receiveUpload } from './receive-upload.js';

export interface UploadOptions {
  effectWorkers: EffectWorkers;
  images: ImageStore;
  jobs: JobClient;
  /** Memory for uploads, in bytes. */
  memory: WorkLimiter;
  /** How many bytes a client may send. Default: as many as it likes. */
  allowance: Allowance | undefined;
  /** The largest file. */
  maxBytes: number;
}

/** How long an upload may wait for memory: Nginx gives up after 150 s without a byte. */
const WAIT_MS = 60_000;

/** What a multipart form adds to its file: boundaries, headers, the other field. Nginx allows a MiB for it. */
const FORM_MAX_BYTES = 1024 * 1024;

const formSchema = z.strictObject({ effects: effectsSchema });

/** POST /upload: an image and the effects for it, as a multipart form; with `?async=true` as a job. */
export function uploadRoutes(options: UploadOptions): Router {
  const { effectWorkers, images, jobs, memory, allowance, maxBytes } = options;
  const router = Router();
  const receive = receiveUpload(maxBytes);
  const bytesOf = (req: Request) => bodyBytes(req, maxBytes + FORM_MAX_BYTES);

  const upload: RequestHandler = async (req, res) => {
    // Claimed before the body is read, and held until all work on it has ended, even when the client has disconnected.
    await memory.run(() => processUpload(req, res), { weight: bytesOf(req), waitMs: WAIT_MS });
  };

  const processUpload = async (req: Request, res: Response) => {
    const file = await receive(req, res);
    const { async, ...scheduling } = parseQuery(asyncQuerySchema, req.query);
    const { effects } = parseBody(formSchema, req.body ?? {});
    const bytes = fileOf(file);
    const image = { type: imageTypeOf(bytes, 'file'), bytes };

    if (async === 'true') {
      await forwardJob(req, res, jobs.image(image, effects, scheduling));
      return;
    }
    const order = { ...image, id: randomUUID(), effects, owner: currentOwner() };
    const answer = await withTimeout(effectWorkers.timeoutMs, () =>
      processImage(order, { ...effectWorkers, images }),
    );
    res.status(201).location(answer.view_url).json(answer);
  };

  const handlers = allowance ? [charge(allowance, bytesOf), upload] : [upload];
  router
    .route('/upload')
    .post(...handlers)
    .all(methodNotAllowed);

  return router;
}

function fileOf(file: Buffer | undefined): Buffer {
  if (!file) {
    throw new HttpProblem(422, 'The form has no file.', {
      errors: [{ path: 'file', message: 'is missing' }],
    });
  }
  return file;
}
