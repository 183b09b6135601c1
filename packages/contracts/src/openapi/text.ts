import { analyzeRequestSchema, analyzeResponseSchema } from '../analysis.js';
import { acceptedJobSchema, asyncQuerySchema } from '../jobs.js';
import { ANALYZE_JOB_ID, BASE_URL, jobUrl, processedText } from './examples.js';
import { json, keyedBodyProblems, located } from './answers.js';
import { curl, type Operation } from './operation.js';
import { idempotencyHeader, jsonBody } from './requests.js';

const accepted = {
  id: ANALYZE_JOB_ID,
  kind: 'analyze',
  status: 'queued',
  status_url: jobUrl(ANALYZE_JOB_ID),
};

export const textOperations: Operation[] = [
  {
    method: 'post',
    path: '/analyze',
    operationId: 'analyzeText',
    tags: ['Text'],
    summary: 'Count the words in a text, and reverse it',
    description: '`Idempotency-Key`, `priority` and `run_at` require `async=true`.',
    request: {
      ...jsonBody(analyzeRequestSchema, { text: 'Hello, how are you?' }),
      query: asyncQuerySchema,
      headers: idempotencyHeader,
    },
    responses: {
      200: json('Done.', analyzeResponseSchema, processedText),
      202: located(
        'With `async=true`: accepted. It will be completed.',
        acceptedJobSchema,
        accepted,
        accepted.status_url,
      ),
      ...keyedBodyProblems,
    },
    ...curl(
      `curl -X POST ${BASE_URL}/analyze -H "Content-Type: application/json" \\
  -d '{"text": "Hello, how are you?"}'`,
      `curl -X POST "${BASE_URL}/analyze?async=true" -H "Content-Type: application/json" \\
  -d '{"text": "Hello, how are you?"}'`,
    ),
  },
];
