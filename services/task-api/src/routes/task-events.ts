import { type Lifecycle, methodNotAllowed, Unavailable } from '@millrace/chassis';
import { type RequestHandler, Router } from 'express';
import type { TaskHints } from '../task-hints.js';
import { openEventStream } from './event-stream.js';

const RETRY_AFTER_SECONDS = 5;

/**
 * GET /api/tasks/events: server-sent events. An event `change` says that some task or job has changed, on whatever replica,
 * and that a list of them should be fetched again.
 *
 * @param options.streamLimit how many may be open at once; more are answered 503
 */
export function taskEventRoutes(options: {
  hints: TaskHints;
  lifecycle: Lifecycle;
  streamLimit: number;
}): Router {
  const { hints, lifecycle, streamLimit } = options;
  const router = Router();
  let open = 0;

  const stream: RequestHandler = (req, res) => {
    if (open >= streamLimit) {
      throw new Unavailable('This replica has all the event streams that it can hold. Try again later.', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    }
    openEventStream(res, lifecycle);
    // Who only asks what GET would say gets no events.
    if (req.method === 'HEAD') return void res.end();

    open += 1;
    const stopListening = hints.listen(() => res.write('event: change\ndata:\n\n'));
    res.once('close', () => {
      open -= 1;
      stopListening();
    });
  };

  router.route('/api/tasks/events').get(stream).all(methodNotAllowed);

  return router;
}
