import {
  createEventStreams,
  createWorkLimiter,
  HttpProblem,
  JSON_LINES,
  jsonLine,
  type Lifecycle,
  methodNotAllowed,
  parseQuery,
  withSignal,
} from '@millrace/chassis';
import { imageTypeSchema, type LabEvent, labRunQuerySchema } from '@millrace/contracts';
import type { EffectWorkers } from '@millrace/workflows';
import express, { type RequestHandler, Router } from 'express';
import { imageTypeOf } from '../image-type.js';
import { runLab } from '../lab-run.js';

/** As much as Nginx lets through: it is sent hundreds of times. */
const IMAGE_MAX_BYTES = 1024 * 1024;

/** POST /lab/runs: how an effect's workers scale, told line by line as it happens. */
export function labRoutes(effectWorkers: EffectWorkers, lifecycle: Lifecycle): Router {
  const router = Router();
  // Two runs at once would measure each other.
  const limiter = createWorkLimiter({ concurrency: 1, queueLimit: 0 });
  const streams = createEventStreams({ lifecycle, format: JSON_LINES });

  const run: RequestHandler = async (req, res) => {
    const query = parseQuery(labRunQuerySchema, req.query);
    const bytes: unknown = req.body;
    const type = Buffer.isBuffer(bytes) ? imageTypeOf(bytes) : undefined;
    if (!Buffer.isBuffer(bytes) || !type)
      throw new HttpProblem(415, `The body is not an image of a type that is taken: ${TYPES}.`);

    await limiter.run(async () => {
      const stream = streams.open(req, res);
      const tell = (event: LabEvent) => stream.send(jsonLine(event));
      await withSignal(stream.signal, () =>
        runLab({ ...query, image: { type, bytes } }, effectWorkers, tell),
      );
      stream.end();
    });
  };

  router
    .route('/lab/runs')
    .post(express.raw({ type: imageTypeSchema.options, limit: IMAGE_MAX_BYTES }), run)
    .all(methodNotAllowed);

  return router;
}

const TYPES = imageTypeSchema.options.join(', ');
