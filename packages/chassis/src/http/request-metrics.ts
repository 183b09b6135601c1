import type { Request, Response } from 'express';
import { gauge, histogram } from '../telemetry/metrics.js';
import { NO_ROUTE, routeOf } from './route-pattern.js';

/** The methods that are counted by name, where a route knows them. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** OpenTelemetry's name for all others. */
const OTHER_METHODS = '_OTHER';

/** From an answer from memory to slightly more than Nginx waits for. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180];

// OpenTelemetry's semantic conventions for HTTP servers, as Prometheus writes them.
const duration = histogram({
  name: 'http_server_request_duration_seconds',
  help: 'How long requests took, by route; status 499: the client disconnected. Excludes streams.',
  labels: ['http_request_method', 'http_route', 'http_response_status_code'],
  buckets: BUCKETS,
});

const streams = new WeakSet<Response>();
let openStreams = 0;
gauge({ name: 'http_server_open_streams', help: 'Open event streams and lab runs.' }, () => [
  { value: openStreams },
]);

/** Counts a response as a stream, for as long as it is open: how long that is says nothing about the service. */
export function countStream(res: Response): void {
  streams.add(res);
  openStreams += 1;
  res.once('close', () => (openStreams -= 1));
}

/**
 * Counts a request that has ended. Whatever clients invent, there are as many series as there are routes, with their methods and
 * statuses: no path or id is a label, and a method that a route does not support (405) has no separate label.
 *
 * @param status 499, Nginx's number, when the client left
 */
export function countRequest(
  req: Request,
  res: Response,
  ended: { status: number; seconds: number; traceparent: string | undefined },
): void {
  if (streams.has(res)) return;
  const { status, seconds, traceparent } = ended;
  const route = routeOf(req) ?? NO_ROUTE;
  const isKnown = route !== NO_ROUTE && status !== 405 && METHODS.has(req.method);
  duration(
    {
      http_request_method: isKnown ? req.method : OTHER_METHODS,
      http_route: route,
      http_response_status_code: String(status),
    },
    seconds,
    traceparent,
  );
}
