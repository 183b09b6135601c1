import { jsonBody, methodNotAllowed, parseBody } from '@millrace/chassis';
import { analyzeRequestSchema } from '@millrace/contracts';
import { Router } from 'express';
import { analyzeText } from '../analyze-text.js';

/** POST /process {"text"} → {"word_count", "reversed_text"} */
export function processRoutes(): Router {
  const router = Router();

  router
    .route('/process')
    .post(jsonBody, async (req, res) => {
      const { text } = parseBody(analyzeRequestSchema, req.body);
      res.json(await analyzeText(text));
    })
    .all(methodNotAllowed);

  return router;
}
