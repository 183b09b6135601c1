import {
  idOf,
  jsonBody,
  methodNotAllowed,
  notFound,
  parseBody,
  parseQuery,
  sendList,
} from '@millrace/chassis/http';
import { currentOwner, visibleOwner } from '@millrace/chassis/process';
import {
  createTaskSchema,
  listTasksQuerySchema,
  replaceTaskSchema,
  updateTaskSchema,
} from '@millrace/contracts';
import { Router } from 'express';
import { idempotencyKeyOf } from '../idempotency/idempotency-key.js';
import type { TaskStore } from './task-store.js';

/** /api/tasks and its alias /tasks. */
export function taskRoutes(tasks: TaskStore): Router {
  const router = Router();

  router
    .route(['/api/tasks', '/tasks'])
    .get(async (req, res) => {
      sendList(req, res, await tasks.list(parseQuery(listTasksQuerySchema, req.query), visibleOwner()));
    })
    .post(jsonBody, async (req, res) => {
      const task = await tasks.create(
        parseBody(createTaskSchema, req.body),
        currentOwner(),
        idempotencyKeyOf(req),
      );
      res.status(201).location(`/api/tasks/${task.id}`).json(task);
    })
    .all(methodNotAllowed);

  router
    .route(['/api/tasks/:id', '/tasks/:id'])
    .get(async (req, res) => {
      res.json(found(await tasks.find(idOf(req), visibleOwner())));
    })
    .patch(jsonBody, async (req, res) => {
      const changes = parseBody(updateTaskSchema, req.body);
      res.json(found(await tasks.update(idOf(req), visibleOwner(), changes)));
    })
    .put(jsonBody, async (req, res) => {
      const changes = parseBody(replaceTaskSchema, req.body);
      res.json(found(await tasks.update(idOf(req), visibleOwner(), changes)));
    })
    .delete(async (req, res) => {
      found((await tasks.remove(idOf(req), visibleOwner())) || undefined);
      res.status(204).end();
    })
    .all(methodNotAllowed);

  return router;
}

function found<T>(task: T | undefined): T {
  if (task === undefined) throw notFound('There is no task with this id.');
  return task;
}
