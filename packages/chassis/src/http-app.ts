import { randomUUID } from 'node:crypto';
import {
  CLIENT_ADDRESS,
  REQUEST_ID,
  REQUEST_ID_PATTERN,
  SERVED_BY,
  TIMEOUT_MS,
  TIMEOUT_MS_PATTERN,
  TRACEPARENT,
  TRACEPARENT_PATTERN,
} from '@millrace/contracts';
import express, { type Express, type RequestHandler, type Router } from 'express';
import helmet from 'helmet';
import type { Registry } from 'prom-client';
import { errorHandler, routeNotFound } from './error-handler.js';
import { type HealthOptions, healthRoutes } from './health.js';
import { Unavailable } from './http-problem.js';
import type { Lifecycle } from './lifecycle.js';
import type { Logger } from './logger.js';
import { createMetrics } from './metrics.js';
import { withContext } from './request-context.js';
import { clientOf } from './client-address.js';
import { requestSignal } from './request-signal.js';
import { requestLog } from './request-log.js';

export interface HttpAppOptions extends HealthOptions {
  logger: Logger;
  routes: Router[];
  /** The routes themselves say when a body that is announced by `Expect: 100-continue` may come. Default: it may at once. */
  continueByRoutes?: boolean;
  /** Adds metrics of the service's own to those that every service has. */
  metrics?: (registry: Registry) => void;
}

/**
 * The Express app that every service is: request id, X-Served-By, log line, metrics, security headers, probes, the
 * service's own routes, and problem+json for everything else.
 */
export function createHttpApp(options: HttpAppOptions): Express {
  const { pod, logger, lifecycle, routes } = options;
  const metrics = createMetrics(options.service);
  options.metrics?.(metrics.registry);

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  if (!options.continueByRoutes) app.use(continueAtOnce);
  app.use(
    requestContext(pod, lifecycle),
    closeWhenDraining(lifecycle),
    requestLog(logger),
    metrics.observe,
    securityHeaders,
  );
  app.get('/metrics', metrics.expose);
  app.use(healthRoutes(options), refuseWhileStarting(lifecycle), ...routes);
  app.use(routeNotFound, errorHandler(logger));
  return app;
}

const continueAtOnce: RequestHandler = (req, res, next) => {
  if (req.headers.expect) res.writeContinue();
  next();
};

/**
 * Takes over a valid X-Request-Id or makes one, keeps it, the trace, the client and the deadline for all that follows, and names
 * request and replica in the answer.
 */
function requestContext(pod: string, lifecycle: Lifecycle): RequestHandler {
  return (req, res, next) => {
    const givenId = req.get(REQUEST_ID);
    const requestId = givenId && REQUEST_ID_PATTERN.test(givenId) ? givenId : randomUUID();
    const givenTrace = req.get(TRACEPARENT);
    const traceparent = givenTrace && TRACEPARENT_PATTERN.test(givenTrace) ? givenTrace : undefined;
    const timeoutMs = req.get(TIMEOUT_MS);
    const deadline =
      timeoutMs && TIMEOUT_MS_PATTERN.test(timeoutMs) ? performance.now() + Number(timeoutMs) : undefined;
    res.setHeader(REQUEST_ID, requestId);
    res.setHeader(SERVED_BY, pod);
    withContext(
      {
        requestId,
        traceparent,
        client: clientOf(req.get(CLIENT_ADDRESS) ?? req.socket.remoteAddress),
        deadline,
        signal: requestSignal(res, deadline, lifecycle),
        effects: { begun: false },
      },
      next,
    );
  };
}

/** Before its preparations are done (migrations), a replica cannot answer for anything. */
function refuseWhileStarting(lifecycle: Lifecycle): RequestHandler {
  return (_req, _res, next) => {
    if (lifecycle.phase() === 'starting')
      throw new Unavailable('This replica is starting. Try again in a moment.');
    next();
  };
}

/** Tells keep-alive clients to go elsewhere: without it, closing a busy server never ends. */
function closeWhenDraining(lifecycle: Lifecycle): RequestHandler {
  return (_req, res, next) => {
    if (lifecycle.phase() === 'draining') res.setHeader('Connection', 'close');
    next();
  };
}

/** Answers are data unless a route says otherwise: no script, no style, no frame. TLS, and so HSTS, is the edge's. */
const securityHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  strictTransportSecurity: false,
  xFrameOptions: { action: 'deny' },
});
