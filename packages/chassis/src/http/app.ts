import express, { type Express, type RequestHandler, type Router } from 'express';
import type { Authentication } from './auth/authentication.js';
import { errorHandler, routeNotFound } from './error-handler.js';
import { type HealthOptions, healthRoutes } from './health.js';
import type { Allowance } from './limits/allowance.js';
import { chargeRoutes } from './limits/charge.js';
import { Unavailable } from './problem.js';
import { quickJson } from './answer/json-answer.js';
import type { Lifecycle } from '../process/lifecycle.js';
import { requestFront, type RequestFrontOptions } from './request-front.js';

export interface HttpAppOptions extends HealthOptions, RequestFrontOptions {
  routes: Router[];
  /** Who may call which route. Default: everyone may call all of them. */
  auth?: Authentication | undefined;
  /** What clients may spend on its routes. Default: as much as they like. */
  allowance?: Allowance | undefined;
}

/**
 * The Express app of every service: request id, X-Served-By, log line, durations, security headers, probes, the
 * service's own routes, and problem+json for everything else.
 */
export function createHttpApp(options: HttpAppOptions): Express {
  const { logger, lifecycle, routes } = options;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.response.json = quickJson;
  app.use(requestFront(options));
  inline(app, healthRoutes(options));
  app.use(refuseWhileStarting(lifecycle));
  inline(app, ...routes);
  // Each puts its handlers before the existing ones. Authentication comes first, because a signed-in client has a separate allowance.
  if (options.allowance) chargeRoutes(app.router, options.allowance);
  options.auth?.protect(app.router);
  app.use(routeNotFound, errorHandler(logger));
  return app;
}

/**
 * Like `app.use(...routers)`, but adds the routes to the app's own router: entering each router costs a request more than
 * skipping all the routes in it. `next('router')` would leave the app.
 */
function inline(app: Express, ...routers: Router[]): void {
  app.router.stack.push(...routers.flatMap(({ stack }) => stack));
}

/** Until a replica has started (migrations included), it cannot handle requests. */
function refuseWhileStarting(lifecycle: Lifecycle): RequestHandler {
  return (_req, _res, next) => {
    if (lifecycle.phase() === 'starting')
      throw new Unavailable('This replica is starting. Try again in a moment.');
    next();
  };
}
