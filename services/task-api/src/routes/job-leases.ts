import {
  HttpProblem,
  idOf,
  jsonBody,
  jsonBodyUpTo,
  methodNotAllowed,
  notFound,
  parseBody,
} from '@millrace/chassis';
import {
  claimJobSchema,
  completeJobSchema,
  failJobSchema,
  renewJobSchema,
  TEXT_JSON_MAX_BYTES,
} from '@millrace/contracts';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type RequestHandler, type Response, Router } from 'express';
import type { z } from 'zod';
import { changesNothing } from '../hint-changes.js';
import type { JobLeases } from '../job-leases.js';

/** What workers do with jobs. Not for the public: Nginx has no route to /internal. */
export function jobLeaseRoutes(leases: JobLeases): Router {
  const router = Router();

  router
    .route('/internal/jobs/:id/claim')
    .post(jsonBody, async (req, res) => {
      const { pod, claim } = parseBody(claimJobSchema, req.body);
      const job = await leases.claim(idOf(req), pod, claim);
      if (!job)
        throw new HttpProblem(
          409,
          'There is nothing to do: the job has ended, is not due, or is in other hands.',
        );
      res.json(job);
    })
    .all(methodNotAllowed);

  router
    .route('/internal/jobs/:id/input')
    .get(async (req, res) => {
      const input = await leases.input(idOf(req));
      if (!input) throw notFound('This job has no input, or has ended.');
      res.type('application/octet-stream').set('Content-Length', String(input.size));
      await pipeline(Readable.from(input.parts), res);
    })
    .all(methodNotAllowed);

  /** 204 when the report counts, or has counted before; 409 when the attempt has ended otherwise, or is not the current one. */
  const report = <Schema extends z.ZodType>(
    schema: Schema,
    take: (id: string, body: z.infer<Schema>, res: Response) => Promise<boolean>,
  ): RequestHandler => {
    return async (req, res) => {
      const counts = await take(idOf(req), parseBody(schema, req.body), res);
      if (!counts)
        throw new HttpProblem(409, 'This attempt has ended, or another has begun: its work does not count.');
      res.status(204).end();
    };
  };

  router
    .route('/internal/jobs/:id/renew')
    .post(
      jsonBody,
      report(renewJobSchema, (id, { attempt, progress }, res) => {
        if (!progress) changesNothing(res);
        return leases.renew(id, attempt, progress);
      }),
    )
    .all(methodNotAllowed);
  router
    .route('/internal/jobs/:id/complete')
    .post(
      jsonBodyUpTo(TEXT_JSON_MAX_BYTES),
      report(completeJobSchema, (id, { attempt, result }) => leases.complete(id, attempt, result)),
    )
    .all(methodNotAllowed);
  router
    .route('/internal/jobs/:id/fail')
    .post(
      jsonBody,
      report(failJobSchema, (id, { attempt, ...failure }) => leases.fail(id, attempt, failure)),
    )
    .all(methodNotAllowed);

  return router;
}
