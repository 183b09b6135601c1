import { HttpProblem, idOf, methodNotAllowed, parseQuery, sendJson, sendList } from '@millrace/chassis/http';
import { type Logger, visibleOwner } from '@millrace/chassis/process';
import { deleteJobQuerySchema, type Job, listJobsQuerySchema } from '@millrace/contracts';
import { Router } from 'express';
import { existingJob } from './existing-job.js';
import { type JobPublisher, publishOnTheSide } from './outbox/publisher.js';
import { ATTEMPTS_MAX, type JobStore } from './job-store.js';

export interface JobRouteOptions {
  jobs: JobStore;
  publisher: JobPublisher;
  logger: Logger;
}

/** /api/jobs: the state of the queued work, and what people may do about it. */
export function jobRoutes({ jobs, publisher, logger }: JobRouteOptions): Router {
  const router = Router();

  router
    .route('/api/jobs')
    .get(async (req, res) => {
      sendList(req, res, await jobs.list(parseQuery(listJobsQuerySchema, req.query), visibleOwner()));
    })
    .all(methodNotAllowed);

  router
    .route('/api/jobs/summary')
    .get(async (_req, res) => {
      sendJson(res, await jobs.summarize());
    })
    .all(methodNotAllowed);

  router
    .route('/api/jobs/:id')
    .get(async (req, res) => {
      res.json(await existingJob(jobs, idOf(req)));
    })
    .delete(async (req, res) => {
      const id = idOf(req);
      const owner = visibleOwner();
      const { status } = parseQuery(deleteJobQuerySchema, req.query);
      if ((status ?? 'queued') === 'queued' && (await jobs.cancel(id, owner))) {
        res.json(await existingJob(jobs, id));
      } else if (await jobs.remove(id, owner, status)) {
        res.status(204).end();
      } else {
        const job = await existingJob(jobs, id);
        throw new HttpProblem(
          409,
          status === undefined || status === job.status
            ? `Only a queued job can be cancelled, and only a finished one deleted; this one is ${job.status}.`
            : `This job is ${job.status}, not ${status}.`,
        );
      }
    })
    .all(methodNotAllowed);

  router
    .route('/api/jobs/:id/retry')
    .post(async (req, res) => {
      const id = idOf(req);
      const due = await jobs.retry(id, visibleOwner());
      const job = await existingJob(jobs, id);
      if (!due) throw new HttpProblem(409, whyNoRetry(job));
      publishOnTheSide([due], publisher, logger);
      res.status(202).location(`/api/jobs/${id}`).json(job);
    })
    .all(methodNotAllowed);

  return router;
}

function whyNoRetry({ status, attempts }: Job): string {
  if (status !== 'failed') return `Only a failed job can be retried; this one is ${status}.`;
  const tries = attempts.at(-1)?.attempt ?? 0;
  if (tries >= ATTEMPTS_MAX) {
    return `This job has been tried ${tries} times, which is the limit. Send it again as a new job.`;
  }
  return 'The input of this job is no longer stored: it was refused, or the job failed too long ago. Send it again as a new job.';
}
