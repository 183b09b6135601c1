import { HttpProblem, jsonBody, methodNotAllowed, parseBody, parseQuery } from '@millrace/chassis';
import {
  type AcceptedJob,
  createAnalyzeJobSchema,
  createImageJobQuerySchema,
  imageTypeSchema,
  type Scheduling,
} from '@millrace/contracts';
import express, { type Request, type Response, Router } from 'express';
import type { AcceptJob } from '../accept-job.js';
import type { NewJob } from '../create-job.js';
import { idempotencyKeyOf } from '../idempotency-key.js';

/** Jobs that web-gateway has checked and hands in. Not for the public: Nginx has no route to /internal. */
export function jobIntakeRoutes(acceptJob: AcceptJob, imageMaxBytes: number): Router {
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
    .post(jsonBody, (req, res) => {
      const { text, ...scheduling } = parseBody(createAnalyzeJobSchema, req.body);
      return accept({ kind: 'analyze', text }, scheduling, req, res);
    })
    .all(methodNotAllowed);

  router
    .route('/internal/jobs/image')
    .post(express.raw({ type: imageTypeSchema.options, limit: imageMaxBytes }), (req, res) => {
      const { effects, ...scheduling } = parseQuery(createImageJobQuerySchema, req.query);
      const type = imageTypeSchema.safeParse(req.get('Content-Type'));
      const bytes: unknown = req.body;
      if (!type.success || !Buffer.isBuffer(bytes)) throw new HttpProblem(415, 'Send an image as the body.');
      return accept({ kind: 'image', type: type.data, effects, bytes }, scheduling, req, res);
    })
    .all(methodNotAllowed);

  return router;
}
