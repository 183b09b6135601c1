import type { ServiceClient } from '@millrace/chassis/calls';
import { jsonBytesUpTo, methodNotAllowed, parseBody, parseJson, parseQuery } from '@millrace/chassis/http';
import { analyzeRequestSchema, asyncQuerySchema, TEXT_JSON_MAX_BYTES } from '@millrace/contracts';
import { analyzeJson } from '@millrace/workflows';
import { Router } from 'express';
import { forwardJob } from '../jobs/forward-job.js';
import type { JobClient } from '../jobs/job-client.js';

/** POST /analyze: counts the words in a text and reverses it; with `?async=true` as a job. */
export function analyzeRoutes(textWorker: ServiceClient, jobs: JobClient): Router {
  const router = Router();

  router
    .route('/analyze')
    .post(jsonBytesUpTo(TEXT_JSON_MAX_BYTES), async (req, res) => {
      const { async, ...scheduling } = parseQuery(asyncQuerySchema, req.query);
      const body = req.body as Buffer;
      const { text } = parseBody(analyzeRequestSchema, parseJson(body));
      if (async === 'true') {
        await forwardJob(req, res, jobs.analyze(text, scheduling));
        return;
      }
      const analysis = await analyzeJson(body, textWorker);
      res.setHeader('Content-Type', 'application/json; charset=utf-8');
      res.setHeader('Content-Length', analysis.length);
      res.end(analysis);
    })
    .all(methodNotAllowed);

  return router;
}
