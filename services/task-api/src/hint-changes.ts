import { type Request, type RequestHandler, Router } from 'express';
import type { TaskHints } from './task-hints.js';

const CHANGING_METHODS = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * Hints at a change after every request to a route behind this one that has made one. What is accepted for the queue is hinted at
 * where it is created, as the same request may come twice; what the sweeper does, by the sweeper.
 */
export function hintChanges(hints: TaskHints): Router {
  const watch: RequestHandler = (req, res, next) => {
    res.once('finish', () => {
      if (CHANGING_METHODS.has(req.method) && res.statusCode < 300 && !isMereRenewal(req)) hints.changed();
    });
    next();
  };
  return Router().use(watch);
}

/** A lease that goes on is nothing that anybody sees; progress is. */
function isMereRenewal(req: Request): boolean {
  const body = req.body as { progress?: unknown } | undefined;
  return req.path.endsWith('/renew') && body?.progress === undefined;
}
