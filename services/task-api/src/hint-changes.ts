import { type RequestHandler, Router } from 'express';
import type { TaskHints } from './task-hints.js';

const CHANGING_METHODS = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** Hints at a change after every request that has made one: all that is done to tasks and jobs is done by a request, or the sweeper. */
export function hintChanges(hints: TaskHints): Router {
  const watch: RequestHandler = (req, res, next) => {
    res.once('finish', () => {
      // GET /add/:task is the one that changes something, and answers 202.
      const mayChange = CHANGING_METHODS.has(req.method) || res.statusCode === 202;
      if (mayChange && res.statusCode < 300) hints.changed();
    });
    next();
  };
  return Router().use(watch);
}
