import { jsonBody, methodNotAllowed, parseBody, parseParam } from '@millrace/chassis';
import { type QueueTask, queueTaskSchema } from '@millrace/contracts';
import { type Response, Router } from 'express';
import type { TaskQueue } from '../queue-task.js';

/** POST /api/add/:task, POST /api/add {"task"}, and GET /add/:task for trying it in a browser: a task for the queue. */
export function addRoutes(queueTask: TaskQueue, pod: string): Router {
  const router = Router();

  const accept = async (task: QueueTask, res: Response) => {
    const queued = await queueTask(task);
    res
      .status(202)
      .location(queued.status_url)
      .json({ ...queued, processed_by_pod: pod });
  };
  const fromPath = (task: unknown): QueueTask => ({
    task: parseParam(queueTaskSchema.shape.task, 'task', task),
    priority: 'medium',
  });

  router
    .route('/api/add')
    .post(jsonBody, (req, res) => accept(parseBody(queueTaskSchema, req.body), res))
    .all(methodNotAllowed);
  router
    .route('/api/add/:task')
    .post((req, res) => accept(fromPath(req.params.task), res))
    .all(methodNotAllowed);
  router
    .route('/add/:task')
    .get((req, res) => accept(fromPath(req.params.task), res))
    .all(methodNotAllowed);

  return router;
}
