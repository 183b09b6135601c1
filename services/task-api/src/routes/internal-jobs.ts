import { HttpProblem, jsonBody, methodNotAllowed, parseBody, parseParam } from '@millrace/chassis';
import { claimJobSchema, completeJobSchema, failJobSchema } from '@millrace/contracts';
import { type Request, Router } from 'express';
import { z } from 'zod';
import type { JobStore } from '../job-store.js';

/** What workers do to jobs. Not for the public: Nginx has no route to /internal. */
export function internalJobRoutes(jobs: JobStore): Router {
  const router = Router();

  router
    .route('/internal/jobs/:id/claim')
    .post(jsonBody, async (req, res) => {
      const { pod } = parseBody(claimJobSchema, req.body);
      const job = await jobs.claim(idOf(req), pod);
      if (!job)
        throw new HttpProblem(
          409,
          'There is nothing to do: the job has ended, is gone, or is in other hands.',
        );
      res.json(job);
    })
    .all(methodNotAllowed);

  router
    .route('/internal/jobs/:id/complete')
    .post(jsonBody, async (req, res) => {
      const { attempt, result } = parseBody(completeJobSchema, req.body);
      if (!(await jobs.complete(idOf(req), attempt, result))) throw notYours();
      res.status(204).end();
    })
    .all(methodNotAllowed);

  router
    .route('/internal/jobs/:id/fail')
    .post(jsonBody, async (req, res) => {
      const { attempt, error } = parseBody(failJobSchema, req.body);
      if (!(await jobs.fail(idOf(req), attempt, error))) throw notYours();
      res.status(204).end();
    })
    .all(methodNotAllowed);

  return router;
}

function idOf(req: Request): string {
  return parseParam(z.uuid('must be a UUID'), 'id', req.params['id']);
}

function notYours(): HttpProblem {
  return new HttpProblem(409, 'This attempt is not the current one: its work does not count.');
}
