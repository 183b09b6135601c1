import {
  HttpProblem,
  idOf,
  type Logger,
  methodNotAllowed,
  notFound,
  parseQuery,
  sendList,
} from '@millrace/chassis';
import { listJobsQuerySchema } from '@millrace/contracts';
import { Router } from 'express';
import { type JobPublisher, publishOnTheSide } from '../job-publisher.js';
import type { JobStore } from '../job-store.js';

export interface JobRouteOptions {
  jobs: JobStore;
  publisher: JobPublisher;
  logger: Logger;
}

/** /api/jobs: how far the queued work is, and what a person may do about it. */
export function jobRoutes({ jobs, publisher, logger }: JobRouteOptions): Router {
  const router = Router();

  router
    .route('/api/jobs')
    .get(async (req, res) => {
      const query = parseQuery(listJobsQuerySchema, req.query);
      sendList(req, res, await jobs.list(query), query.limit);
    })
    .all(methodNotAllowed);

  router
    .route('/api/jobs/summary')
    .get(async (_req, res) => {
      res.json(await jobs.summarize());
    })
    .all(methodNotAllowed);

  router
    .route('/api/jobs/:id')
    .get(async (req, res) => {
      res.json(await existing(jobs, idOf(req)));
    })
    .delete(async (req, res) => {
      const id = idOf(req);
      const cancelled = await jobs.cancel(id);
      const job = await existing(jobs, id);
      if (!cancelled)
        throw new HttpProblem(409, `Only a queued job can be cancelled; this one is ${job.status}.`);
      res.json(job);
    })
    .all(methodNotAllowed);

  router
    .route('/api/jobs/:id/retry')
    .post(async (req, res) => {
      const id = idOf(req);
      const due = await jobs.retry(id);
      const job = await existing(jobs, id);
      if (!due) throw new HttpProblem(409, `Only a failed job can be retried; this one is ${job.status}.`);
      publishOnTheSide(due, publisher, logger);
      res.status(202).location(`/api/jobs/${id}`).json(job);
    })
    .all(methodNotAllowed);

  return router;
}

/** @throws HttpProblem 404 */
export async function existing(jobs: JobStore, id: string) {
  const job = await jobs.find(id);
  if (!job) throw notFound('There is no job with this id.');
  return job;
}
