import { type RequestHandler, type Response, Router } from 'express';
import type { TaskHints } from './task-hints.js';

const CHANGING_METHODS = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** Answers to requests that have changed nothing. */
const unchanged = new WeakSet<Response>();

/**
 * Hints at a change after every request that has made one, to any route that follows. New jobs are hinted at where they are
 * created, since a request that repeats another creates none; what the sweeper changes, by the sweeper.
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

/** For a request that succeeds but changes nothing that anybody sees. */
export function changesNothing(res: Response): void {
  unchanged.add(res);
}
