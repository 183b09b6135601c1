import {
  bodyBytes,
  HttpProblem,
  jsonBodyUpTo,
  methodNotAllowed,
  parseBody,
  parseQuery,
  readBody,
  type WorkLimiter,
} from '@millrace/chassis';
import {
  type AcceptedJob,
  createAnalyzeJobSchema,
  createImageJobQuerySchema,
  imageTypeSchema,
  type Scheduling,
  TEXT_JSON_MAX_BYTES,
} from '@millrace/contracts';
import { type Request, type Response, Router } from 'express';
import type { AcceptJob } from '../accept-job.js';
import type { NewJob } from '../create-job.js';
import { idempotencyKeyOf } from '../idempotency-key.js';

export interface IntakeOptions {
  /** Memory for pictures on their way to PostgreSQL, in bytes. */
  memory: WorkLimiter;
  imageMaxBytes: number;
}

/** How many times a picture is there, at most, until it is written: as a body, as a message to PostgreSQL that grows, and on its way. */
const COPIES = 4;

/** Jobs that web-gateway has checked and hands in. Not for the public: Nginx has no route to /internal. */
export function jobIntakeRoutes(acceptJob: AcceptJob, { memory, imageMaxBytes }: IntakeOptions): Router {
  const router = Router();

  const accept = async (job: NewJob, scheduling: Scheduling, req: Request, res: Response) => {
    const answer = await acceptJob<AcceptedJob>(
      { job, scheduling, idempotencyKey: idempotencyKeyOf(req) },
      ({ id }) => ({
        id,
        kind: job.kind,
        status: 'queued',
        status_url: `/api/jobs/${id}`,
      }),
    );
    res.status(202).location(answer.status_url).json(answer);
  };

  router
    .route('/internal/jobs/analyze')
    .post(jsonBodyUpTo(TEXT_JSON_MAX_BYTES), (req, res) => {
      const { text, ...scheduling } = parseBody(createAnalyzeJobSchema, req.body);
      return accept({ kind: 'analyze', text }, scheduling, req, res);
    })
    .all(methodNotAllowed);

  router
    .route('/internal/jobs/image')
    .post((req, res) => {
      const { effects, ...scheduling } = parseQuery(createImageJobQuerySchema, req.query);
      const type = imageTypeSchema.safeParse(req.get('Content-Type'));
      if (!type.success) throw new HttpProblem(415, 'Send an image as the body.');
      const weight = COPIES * bodyBytes(req, imageMaxBytes);
      return memory.run(
        async () => {
          const bytes = await readBody(req, imageMaxBytes);
          await accept({ kind: 'image', type: type.data, effects, bytes }, scheduling, req, res);
        },
        { weight },
      );
    })
    .all(methodNotAllowed);

  return router;
}
