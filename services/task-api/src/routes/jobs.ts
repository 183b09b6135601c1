import {
  HttpProblem,
  type Logger,
  methodNotAllowed,
  notFound,
  parseParam,
  parseQuery,
  sendList,
} from '@millrace/chassis';
import { listJobsQuerySchema } from '@millrace/contracts';
import { type Request, Router } from 'express';
import { z } from 'zod';
import type { JobPublisher } from '../job-publisher.js';
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
      res.json(await existing(jobs, jobIdOf(req)));
    })
    .delete(async (req, res) => {
      const id = jobIdOf(req);
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
      const id = jobIdOf(req);
      const due = await jobs.retry(id);
      const job = await existing(jobs, id);
      if (!due) throw new HttpProblem(409, `Only a failed job can be retried; this one is ${job.status}.`);
      publisher.publish([due]).catch((error: unknown) => {
        logger.warn({ err: error, job_id: id }, 'not published yet, the sweeper will do it');
      });
      res.status(202).location(`/api/jobs/${id}`).json(job);
    })
    .all(methodNotAllowed);

  return router;
}

/** The job's id in the path. @throws HttpProblem 400 */
export function jobIdOf(req: Request): string {
  return parseParam(z.uuid('must be a UUID'), 'id', req.params['id']);
}

/** @throws HttpProblem 404 */
export async function existing(jobs: JobStore, id: string) {
  const job = await jobs.find(id);
  if (!job) throw notFound('There is no job with this id.');
  return job;
}
