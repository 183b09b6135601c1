import express, { type Express, type RequestHandler, type Router } from 'express';
import type { Registry } from 'prom-client';
import { errorHandler, routeNotFound } from './error-handler.js';
import { type HealthOptions, healthRoutes } from './health.js';
import { Unavailable } from './problem.js';
import { quickJson } from './answer/json-answer.js';
import type { Lifecycle } from '../process/lifecycle.js';
import { createMetrics } from '../telemetry/metrics.js';
import { requestFront, type RequestFrontOptions } from './request-front.js';

export interface HttpAppOptions extends HealthOptions, Omit<RequestFrontOptions, 'observe'> {
  routes: Router[];
  /** Adds metrics of the service's own to those that every service has. */
  metrics?: (registry: Registry) => void;
}

/**
 * The Express app that every service is: request id, X-Served-By, log line, metrics, security headers, probes, the
 * service's own routes, and problem+json for everything else.
 */
export function createHttpApp(options: HttpAppOptions): Express {
  const { logger, lifecycle, routes } = options;
  const metrics = createMetrics(options.service);
  options.metrics?.(metrics.registry);

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.response.json = quickJson;
  app.use(requestFront({ ...options, observe: metrics.observe }));
  app.get('/metrics', metrics.expose);
  inline(app, healthRoutes(options));
  app.use(refuseWhileStarting(lifecycle));
  inline(app, ...routes);
  app.use(routeNotFound, errorHandler(logger));
  return app;
}

/**
 * As `app.use(...routers)`, with the routes in the app's own router: a request enters each router in its way anew, which costs it more than
 * all the routes in there that are not its own. What leaves a router early, `next('router')`, would leave the app.
 */
function inline(app: Express, ...routers: Router[]): void {
  app.router.stack.push(...routers.flatMap(({ stack }) => stack));
}

/** Before its preparations are done (migrations), a replica cannot answer for anything. */
function refuseWhileStarting(lifecycle: Lifecycle): RequestHandler {
  return (_req, _res, next) => {
    if (lifecycle.phase() === 'starting')
      throw new Unavailable('This replica is starting. Try again in a moment.');
    next();
  };
}
