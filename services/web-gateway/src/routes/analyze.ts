import { jsonBodyUpTo, methodNotAllowed, parseBody, parseQuery } from '@millrace/chassis';
import type { ServiceClient } from '@millrace/chassis/service-client';
import { analyzeRequestSchema, asyncQuerySchema, TEXT_JSON_MAX_BYTES } from '@millrace/contracts';
import { analyzeText } from '@millrace/workflows';
import { Router } from 'express';
import { forwardJob, type JobIntake } from '../job-intake.js';

/** POST /analyze: how many words a text has, and the text reversed; with `?async=true` as a job. */
export function analyzeRoutes(textWorker: ServiceClient, intake: JobIntake): Router {
  const router = Router();

  router
    .route('/analyze')
    .post(jsonBodyUpTo(TEXT_JSON_MAX_BYTES), async (req, res) => {
      const { async, ...scheduling } = parseQuery(asyncQuerySchema, req.query);
      const { text } = parseBody(analyzeRequestSchema, req.body);
      if (async === 'true') await forwardJob(req, res, intake.analyze(text, scheduling));
      else res.json(await analyzeText(text, textWorker));
    })
    .all(methodNotAllowed);

  return router;
}
