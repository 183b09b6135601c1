import { type EventStreams, methodNotAllowed, serverSentEvent } from '@millrace/chassis/http';
import { visibleOwner } from '@millrace/chassis/process';
import { Router } from 'express';
import type { TaskHints } from './task-hints.js';

const CHANGE = serverSentEvent({ event: 'change' });

/**
 * GET /api/tasks/events: server-sent events. An event `change` says that a task or job which the client may see has changed, on whatever
 * replica, and that lists should be reloaded.
 */
export function taskEventRoutes(hints: TaskHints, streams: EventStreams): Router {
  const router = Router();

  router
    .route('/api/tasks/events')
    .get((req, res) => {
      const stream = streams.open(req, res);
      if (stream.signal.aborted) return;
      stream.signal.addEventListener(
        'abort',
        hints.listen(visibleOwner(), () => stream.send(CHANGE)),
      );
    })
    .all(methodNotAllowed);

  return router;
}
