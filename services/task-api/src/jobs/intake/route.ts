import {
  bodyBytes,
  HttpProblem,
  jsonBodyUpTo,
  methodNotAllowed,
  parseBody,
  parseQuery,
  readBody,
} from '@millrace/chassis/http';
import type { WorkLimiter } from '@millrace/chassis/work';
import {
  type AcceptedJob,
  createAnalyzeJobSchema,
  createImageJobQuerySchema,
  imageTypeSchema,
  TEXT_JSON_MAX_BYTES,
} from '@millrace/contracts';
import { type Response, Router } from 'express';
import type { AcceptJob, AcceptRequest } from './accept-job.js';
import { beginFingerprint } from '../../idempotency/keys.js';
import { idempotencyKeyOf, keyedRequest } from '../../idempotency/idempotency-key.js';

export interface IntakeOptions {
  /** Memory for images on their way to PostgreSQL, in bytes. */
  memory: WorkLimiter;
  imageMaxBytes: number;
}

/** The maximum number of copies of an image in memory until it is written: as a body, as a growing message to PostgreSQL, and while that is sent. */
const COPIES = 4;

/** Jobs that web-gateway has validated and hands over. Not public: Nginx has no route to /internal. */
export function jobIntakeRoutes(acceptJob: AcceptJob, { memory, imageMaxBytes }: IntakeOptions): Router {
  const router = Router();

  const accept = async (request: AcceptRequest, res: Response) => {
    const { kind } = request.job;
    const answer = await acceptJob<AcceptedJob>(request, ({ id }) => ({
      id,
      kind,
      status: 'queued',
      status_url: `/api/jobs/${id}`,
    }));
    res.status(202).location(answer.status_url).json(answer);
  };

  router
    .route('/internal/jobs/analyze')
    .post(jsonBodyUpTo(TEXT_JSON_MAX_BYTES), (req, res) => {
      const { text, ...scheduling } = parseBody(createAnalyzeJobSchema, req.body);
      const job = { kind: 'analyze' as const, text };
      return accept({ job, scheduling, keyed: keyedRequest(req, job, scheduling) }, res);
    })
    .all(methodNotAllowed);

  router
    .route('/internal/jobs/image')
    .post((req, res) => {
      const { effects, ...scheduling } = parseQuery(createImageJobQuerySchema, req.query);
      const type = imageTypeSchema.safeParse(req.get('Content-Type'));
      if (!type.success) throw new HttpProblem(415, 'Send an image as the body.');
      const key = idempotencyKeyOf(req);
      const weight = COPIES * bodyBytes(req, imageMaxBytes);
      return memory.run(
        async () => {
          const description = { kind: 'image' as const, type: type.data, effects };
          const hash = beginFingerprint(description, scheduling);
          const bytes = await readBody(req, imageMaxBytes, hash.add);
          const keyed = key === undefined ? undefined : { key, fingerprint: hash.end() };
          await accept({ job: { ...description, bytes }, scheduling, keyed }, res);
        },
        { weight },
      );
    })
    .all(methodNotAllowed);

  return router;
}
