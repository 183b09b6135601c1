import { type Request, type RequestHandler, Router } from 'express';
import type { TaskHints } from './task-hints.js';

const CHANGING_METHODS = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * Hints at a change after every request that has made one, to any route that follows. New jobs are hinted at where they are
 * created, since a request that repeats another creates none; what the sweeper changes, by the sweeper.
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

/** Nobody sees that a lease goes on; progress is seen. */
function isMereRenewal(req: Request): boolean {
  const body = req.body as { progress?: unknown } | undefined;
  return req.path.endsWith('/renew') && body?.progress === undefined;
}
