import { methodNotAllowed, notFound, parseParam, parseQuery, sendList } from '@millrace/chassis';
import { listJobsQuerySchema } from '@millrace/contracts';
import { Router } from 'express';
import { z } from 'zod';
import type { JobStore } from '../job-store.js';

/** /api/jobs: how far the queued work is. */
export function jobRoutes(jobs: JobStore): Router {
  const router = Router();

  router
    .route('/api/jobs')
    .get(async (req, res) => {
      const query = parseQuery(listJobsQuerySchema, req.query);
      sendList(req, res, await jobs.list(query), query.limit);
    })
    .all(methodNotAllowed);

  router
    .route('/api/jobs/:id')
    .get(async (req, res) => {
      const job = await jobs.find(parseParam(z.uuid('must be a UUID'), 'id', req.params.id));
      if (!job) throw notFound('There is no job with this id.');
      res.json(job);
    })
    .all(methodNotAllowed);

  return router;
}
