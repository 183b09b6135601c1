import type { RequestHandler } from 'express';
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';

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

  const observe: RequestHandler = (req, res, next) => {
    const end = duration.startTimer();
    // Not `finish`: a client that leaves before it has the whole answer never sees that.
    res.once('close', () => {
      // The route's pattern, not the path: ids in labels would make a series each.
      const route = (req.route as { path?: unknown } | undefined)?.path;
      end({
        method: req.method,
        route:
          typeof route === 'string' ? req.baseUrl + route : Array.isArray(route) ? String(route[0]) : 'none',
        // 499, Nginx's number: the client left.
        status: res.writableFinished ? res.statusCode : 499,
      });
    });
    next();
  };

  const expose: RequestHandler = async (_req, res) => {
    res.type(registry.contentType).send(await registry.metrics());
  };

  return { registry, observe, expose };
}
