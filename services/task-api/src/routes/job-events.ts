import { idOf, type Lifecycle, methodNotAllowed } from '@millrace/chassis';
import { FINAL_STATUSES, type Job } from '@millrace/contracts';
import { type RequestHandler, Router } from 'express';
import type { JobStore } from '../job-store.js';
import { type JobWatcher, revisionOf } from '../job-watcher.js';
import { openEventStream } from './event-stream.js';
import { existing } from './jobs.js';

/**
 * GET /api/jobs/:id/events: server-sent events. Each event `job` is the whole job as it then was, its id names that
 * revision: a client that comes back with Last-Event-ID gets the present state at once if it differs. The stream ends
 * with the job, or when this replica shuts down (the client then connects to another).
 */
export function jobEventRoutes(options: {
  jobs: JobStore;
  watcher: JobWatcher;
  lifecycle: Lifecycle;
}): Router {
  const { jobs, watcher, lifecycle } = options;
  const router = Router();

  const stream: RequestHandler = async (req, res) => {
    const first = await existing(jobs, idOf(req));
    const seen = req.get('Last-Event-ID');
    // 204 tells an EventSource to stay away: it has seen the end (HTML, 9.2.3).
    if (isFinal(first) && revisionOf(first) === seen) {
      res.status(204).end();
      return;
    }

    openEventStream(res, lifecycle);
    const send = (job: Job) => {
      res.write(`id: ${revisionOf(job)}\nevent: job\ndata: ${JSON.stringify(job)}\n\n`);
      if (isFinal(job)) res.end();
    };
    if (revisionOf(first) !== seen) send(first);
    if (!isFinal(first)) res.once('close', watcher.watch(first, send));
  };

  router.route('/api/jobs/:id/events').get(stream).all(methodNotAllowed);

  return router;
}

function isFinal(job: Job): boolean {
  return FINAL_STATUSES.includes(job.status);
}
