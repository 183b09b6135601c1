import { type EventStreams, idOf, methodNotAllowed, serverSentEvent } from '@millrace/chassis/http';
import { FINAL_STATUSES, type Job } from '@millrace/contracts';
import { type RequestHandler, Router } from 'express';
import { existingJob } from './existing-job.js';
import type { JobStore } from './job-store.js';
import { type JobWatcher, revisionOf } from './job-watcher.js';

const DELETED = serverSentEvent({ event: 'deleted' });

/**
 * GET /api/jobs/:id/events: server-sent events. Each event `job` is the whole job at that moment, and its id is the job's revision: a
 * client that reconnects with Last-Event-ID gets the current state at once if it differs. The stream ends when the job finishes, when it is
 * deleted (an event `deleted` says so), or when this replica shuts down (the client then reconnects to another).
 */
export function jobEventRoutes(options: {
  jobs: JobStore;
  watcher: JobWatcher;
  streams: EventStreams;
}): Router {
  const { jobs, watcher, streams } = options;
  const router = Router();

  const watch: RequestHandler = async (req, res) => {
    const first = await existingJob(jobs, idOf(req));
    const seen = req.get('Last-Event-ID');
    // 204 tells an EventSource not to reconnect: it has seen the end (HTML, 9.2.3).
    if (isFinal(first) && revisionOf(first) === seen) {
      res.status(204).end();
      return;
    }

    const stream = streams.open(req, res);
    if (stream.signal.aborted) return;
    const send = (job: Job | undefined) => {
      stream.send(job ? eventOf(job) : DELETED);
      if (!job || isFinal(job)) stream.end();
    };
    stream.signal.addEventListener('abort', watcher.watch(first, send));
    if (revisionOf(first) !== seen) send(first);
  };

  router.route('/api/jobs/:id/events').get(watch).all(methodNotAllowed);

  return router;
}

function eventOf(job: Job): string {
  return serverSentEvent({ event: 'job', id: revisionOf(job), data: JSON.stringify(job) });
}

function isFinal(job: Job): boolean {
  return FINAL_STATUSES.includes(job.status);
}
