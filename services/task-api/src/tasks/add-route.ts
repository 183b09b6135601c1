import { jsonBody, methodNotAllowed, parseBody, parseParam, parseQuery } from '@millrace/chassis/http';
import { type QueuedTask, type QueueTask, queueTaskSchema, schedulingSchema } from '@millrace/contracts';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { AcceptJob } from '../jobs/intake/accept-job.js';
import { keyedRequest } from '../idempotency/idempotency-key.js';

/** POST /api/add/:task, POST /api/add {"task"}, and GET /add/:task to try it in a browser: creates a task for the queue. */
export function addRoutes(acceptJob: AcceptJob, pod: string): Router {
  const router = Router();

  const accept = async ({ task, description, ...scheduling }: QueueTask, req: Request, res: Response) => {
    // An empty description is left out, as older replicas do, which know none: to an Idempotency-Key, it is the same request.
    const job = { kind: 'task' as const, task, ...(description && { description }) };
    const answer = await acceptJob<QueuedTask>(
      { job, scheduling, keyed: keyedRequest(req, job, scheduling) },
      ({ id }) => ({ id, task, status: 'queued', status_url: `/api/jobs/${id}`, processed_by_pod: pod }),
    );
    res.status(202).location(answer.status_url).json(answer);
  };
  const fromPath: RequestHandler = (req, res) => {
    // HEAD only asks what GET would return.
    if (req.method === 'HEAD') return void res.status(202).end();
    const task = parseParam(queueTaskSchema.shape.task, 'task', req.params['task']);
    return accept({ task, description: '', ...parseQuery(schedulingSchema, req.query) }, req, res);
  };

  router
    .route('/api/add')
    .post(jsonBody, (req, res) => accept(parseBody(queueTaskSchema, req.body), req, res))
    .all(methodNotAllowed);
  router.route('/api/add/:task').post(fromPath).all(methodNotAllowed);
  router.route('/add/:task').get(fromPath).all(methodNotAllowed);

  return router;
}
