import { type RequestHandler, type Response, Router } from 'express';
import type { TaskHints } from './task-hints.js';

const CHANGING_METHODS = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** Responses to requests that have changed nothing. */
const unchanged = new WeakSet<Response>();

/**
 * Sends a hint after every request that changed something, for any route that follows. Hints about new jobs are sent where the jobs are
 * created, because a repeated request creates none; hints about the sweeper's changes, by the sweeper.
 */
export function hintChanges(hints: TaskHints): Router {
  const watch: RequestHandler = (req, res, next) => {
    res.once('finish', () => {
      if (CHANGING_METHODS.has(req.method) && res.statusCode < 300 && !unchanged.has(res)) hints.changed();
    });
    next();
  };
  return Router().use(watch);
}

/** For a request that succeeds but changes nothing visible. */
export function changesNothing(res: Response): void {
  unchanged.add(res);
}
