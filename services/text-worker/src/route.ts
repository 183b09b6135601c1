import { jsonBodyUpTo, methodNotAllowed, parseBody } from '@millrace/chassis/http';
import { analyzeRequestSchema, TEXT_JSON_MAX_BYTES } from '@millrace/contracts';
import { Router } from 'express';
import { countAndReverse } from './count-and-reverse.js';

/** POST /process {"text"} → {"word_count", "reversed_text"} */
export function processRoutes(): Router {
  const router = Router();

  router
    .route('/process')
    .post(jsonBodyUpTo(TEXT_JSON_MAX_BYTES), async (req, res) => {
      const { text } = parseBody(analyzeRequestSchema, req.body);
      res.json(await countAndReverse(text));
    })
    .all(methodNotAllowed);

  return router;
}
