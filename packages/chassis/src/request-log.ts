import type { IncomingMessage, ServerResponse } from 'node:http';
import { pinoHttp } from 'pino-http';
import type { Logger } from './logger.js';

/** Asked every few seconds by machines: not worth a line each. */
const PROBES = new Set(['/livez', '/readyz', '/health', '/metrics']);

/** One line a request, when it has been answered: method, path, status and milliseconds. No headers, no bodies. */
export function requestLog(logger: Logger) {
  return pinoHttp({
    logger,
    autoLogging: { ignore: (req) => PROBES.has(req.url ?? '') },
    quietReqLogger: true,
    serializers: { req: () => undefined, res: () => undefined, err: () => undefined },
    customAttributeKeys: { responseTime: 'ms' },
    customProps: (req, res) => ({
      method: req.method,
      // `originalUrl`, as routers shorten `url`; without the query, which is the client's business.
      path: ((req as { originalUrl?: string }).originalUrl ?? req.url ?? '').split('?', 1)[0],
      status: res.statusCode,
      request_id: res.getHeader('x-request-id'),
    }),
    customLogLevel: levelOf,
    customSuccessMessage: () => 'request',
    customErrorMessage: () => 'request',
    wrapSerializers: false,
  });
}

function levelOf(_req: IncomingMessage, res: ServerResponse, error?: Error) {
  if (error || res.statusCode >= 500) return 'error';
  return res.statusCode >= 400 ? 'warn' : 'info';
}
