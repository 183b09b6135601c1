import type { Request } from 'express';

/** What metrics and the log show for requests that match no route. */
export const NO_ROUTE = 'none';

/** The pattern of the route that handled a request, not its path, which contains ids; undefined when there was none. */
export function routeOf(req: Request): string | undefined {
  const path = (req.route as { path?: unknown } | undefined)?.path;
  if (typeof path === 'string') return req.baseUrl + path;
  return Array.isArray(path) ? String(path[0]) : undefined;
}
