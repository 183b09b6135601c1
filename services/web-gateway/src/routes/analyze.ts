import { jsonBody, methodNotAllowed, parseBody } from '@millrace/chassis';
import type { ServiceClient } from '@millrace/chassis/service-client';
import { type AnalyzeResponse, analyzeRequestSchema, textResultSchema } from '@millrace/contracts';
import { Router } from 'express';

/** POST /analyze: text-worker counts and reverses, we put it into words. */
export function analyzeRoutes(textWorker: ServiceClient): Router {
  const router = Router();

  router
    .route('/analyze')
    .post(jsonBody, async (req, res) => {
      const text = parseBody(analyzeRequestSchema, req.body);
      const response = await textWorker.request({
        method: 'POST',
        path: '/process',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(text),
        idempotent: true,
      });
      const { word_count, reversed_text } = textResultSchema.parse(JSON.parse(response.body.toString()));
      const answer: AnalyzeResponse = {
        processed_text: `Word Count: ${word_count} | Reverse: ${reversed_text}`,
      };
      res.json(answer);
    })
    .all(methodNotAllowed);

  return router;
}
