import {
  createEventStreams,
  HttpProblem,
  JSON_LINES,
  jsonLine,
  methodNotAllowed,
  parseQuery,
  readBody,
} from '@millrace/chassis/http';
import { type Lifecycle, withSignal } from '@millrace/chassis/process';
import { createWorkLimiter } from '@millrace/chassis/work';
import { type LabEvent, labRunQuerySchema } from '@millrace/contracts';
import type { EffectWorkers } from '@millrace/workflows';
import { type RequestHandler, Router } from 'express';
import { imageTypeOf } from '../images/image-type.js';
import { runLab } from './lab-run.js';

/** The limit in Nginx: the image is sent hundreds of times. */
const IMAGE_MAX_BYTES = 1024 * 1024;

/**
 * POST /lab/runs: shows how an effect's workers scale, line by line as it happens.
 *
 * @param limit how many runs at once; 0: none, and the route answers 404
 */
export function labRoutes(effectWorkers: EffectWorkers, lifecycle: Lifecycle, limit: number): Router {
  const router = Router();
  const limiter = createWorkLimiter({ name: 'lab_runs', concurrency: limit, queueLimit: 0 });
  const streams = createEventStreams({ lifecycle, format: JSON_LINES });

  const run: RequestHandler = async (req, res) => {
    const query = parseQuery(labRunQuerySchema, req.query);
    // Claimed before the body is read: a thousand of them would fill the memory.
    await limiter.run(async () => {
      const bytes = await readBody(req, IMAGE_MAX_BYTES);
      const type = imageTypeOf(bytes, 'body');
      const stream = streams.open(req, res);
      const tell = (event: LabEvent) => stream.send(jsonLine(event));
      await withSignal(stream.signal, () =>
        runLab({ ...query, image: { type, bytes } }, effectWorkers, tell),
      );
      stream.end();
    });
  };

  const refuse: RequestHandler = () => {
    throw new HttpProblem(404, 'The scaling lab is turned off here.');
  };

  router
    .route('/lab/runs')
    .post(limit === 0 ? refuse : run)
    .all(methodNotAllowed);

  return router;
}
