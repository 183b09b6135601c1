import {
  HttpProblem,
  idOf,
  jsonBody,
  jsonBodyUpTo,
  methodNotAllowed,
  notFound,
  parseBody,
} from '@millrace/chassis/http';
import {
  claimJobsSchema,
  completeJobsSchema,
  failJobSchema,
  renewJobsSchema,
  REPORTS_JSON_MAX_BYTES,
} from '@millrace/contracts';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Router } from 'express';
import type { JobLeases } from './leases.js';

/** What workers do with jobs. Not public: Nginx has no route to /internal. */
export function jobLeaseRoutes(leases: JobLeases): Router {
  const router = Router();

  router
    .route('/internal/jobs/claims')
    .post(jsonBody, async (req, res) => {
      const { pod, claims } = parseBody(claimJobsSchema, req.body);
      res.json(await leases.claim(claims, pod));
    })
    .all(methodNotAllowed);

  router
    .route('/internal/jobs/renewals')
    .post(jsonBody, async (req, res) => {
      const { reports } = parseBody(renewJobsSchema, req.body);
      res.json({ counted: await leases.renew(reports) });
    })
    .all(methodNotAllowed);

  router
    .route('/internal/jobs/completions')
    .post(jsonBodyUpTo(REPORTS_JSON_MAX_BYTES), async (req, res) => {
      const { reports } = parseBody(completeJobsSchema, req.body);
      res.json({ counted: await leases.complete(reports) });
    })
    .all(methodNotAllowed);

  router
    .route('/internal/jobs/:id/input')
    .get(async (req, res) => {
      const input = await leases.input(idOf(req));
      if (!input) throw notFound('This job has no input, or it has finished.');
      res.type('application/octet-stream').set('Content-Length', String(input.size));
      await pipeline(Readable.from(input.parts), res);
    })
    .all(methodNotAllowed);

  router
    .route('/internal/jobs/:id/fail')
    .post(jsonBody, async (req, res) => {
      const { attempt, ...failure } = parseBody(failJobSchema, req.body);
      const counts = await leases.fail(idOf(req), attempt, failure);
      if (!counts)
        throw new HttpProblem(
          409,
          'This attempt is no longer current: it has ended, or another one has begun.',
        );
      res.status(204).end();
    })
    .all(methodNotAllowed);

  return router;
}
