import type { RequestHandler } from 'express';
import type { Logger } from './logger.js';
import { currentContext, withContext } from './request-context.js';

/** Asked every few seconds by machines: not worth a line each. */
const PROBES = new Set(['/livez', '/readyz', '/health', '/metrics']);

/** One line a request, when it is over: method, path, status and milliseconds. No query, no headers, no bodies. */
export function requestLog(logger: Logger): RequestHandler {
  return (req, res, next) => {
    if (PROBES.has(req.path)) {
      next();
      return;
    }
    const { method, path } = req;
    const begun = performance.now();
    const context = currentContext();
    res.once('close', () => {
      const line = {
        method,
        path,
        status: res.statusCode,
        ms: Math.round(performance.now() - begun),
        // The client left before it had the whole answer.
        ...(!res.writableFinished && { aborted: true }),
      };
      const write = () => logger[levelOf(res.statusCode)](line, 'request');
      // The event knows nothing of the request that it belongs to.
      if (context) withContext(context, write);
      else write();
    });
    next();
  };
}

function levelOf(status: number) {
  if (status >= 500) return 'error';
  return status >= 400 ? 'warn' : 'info';
}
