import type { Request, RequestHandler } from 'express';
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';

/** The methods that are counted by name; clients may invent others. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** A service's metrics in the Prometheus text format: the process, and every request by route. */
export function createMetrics(service: string) {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time to answer a request, by route.',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  });

  /** Call it when a request has ended. @param status 499, Nginx's number, when the client disconnected */
  const observe = (req: Request, status: number, seconds: number) => {
    // The route's pattern, not the path: ids in labels would create a time series each.
    const path = (req.route as { path?: unknown } | undefined)?.path;
    const route =
      typeof path === 'string' ? req.baseUrl + path : Array.isArray(path) ? String(path[0]) : 'none';
    duration.observe({ method: METHODS.has(req.method) ? req.method : 'other', route, status }, seconds);
  };

  const expose: RequestHandler = async (_req, res) => {
    res.type(registry.contentType).send(await registry.metrics());
  };

  return { registry, observe, expose };
}
