import { idOf, methodNotAllowed } from '@millrace/chassis/http';
import type { TraceReader } from '@millrace/chassis/traces';
import { Router } from 'express';
import { existingTraceparent } from './existing-job.js';
import type { JobStore } from './job-store.js';

/** GET /api/jobs/:id/trace: what was done for a job, in every process, and when. Everyone who may see the job may see its trace. */
export function jobTraceRoutes(jobs: JobStore, traces: TraceReader): Router {
  const router = Router();
  router
    .route('/api/jobs/:id/trace')
    .get(async (req, res) => {
      const traceparent = await existingTraceparent(jobs, idOf(req));
      res.set('Cache-Control', 'no-store').json(await traces.read(traceparent));
    })
    .all(methodNotAllowed);
  return router;
}
