import { byRoute } from './by-route.js';

/** What a request takes from its client's allowance. A unit is about the work of reading one page of a list. */
export interface Cost {
  units: number;
  /** Additional units for each KiB of the body. */
  perKib?: number;
  /** With a search (`?q=`), instead of `units`. */
  search?: number;
}

/**
 * What a request of each public route costs. The service that has the route charges it; calls between services cost nothing, so
 * nothing is charged twice. A new route needs a line here.
 */
const COSTS: (Cost & { routes: string[] })[] = [
  {
    // Cached or made once, and probes.
    units: 0,
    routes: [
      'GET /',
      'GET /ui/:page',
      'GET /ui/assets/:file',
      'GET /docs',
      'GET /openapi.json',
      'GET /user',
      'GET /health',
      'GET /user/health',
      'GET /livez',
      'GET /readyz',
    ],
  },
  { units: 1, search: 10, routes: ['GET /api/tasks', 'GET /tasks'] },
  {
    units: 1,
    routes: [
      'GET /api/tasks/:id',
      'GET /tasks/:id',
      'GET /api/tasks/events',
      'GET /api/jobs',
      'GET /api/jobs/:id',
      'GET /api/jobs/:id/events',
      'GET /api/jobs/summary',
      'GET /image/:id',
      'GET /user/users',
      'GET /api/keys',
    ],
  },
  {
    units: 2,
    routes: [
      'POST /api/tasks',
      'POST /tasks',
      'PATCH /api/tasks/:id',
      'PATCH /tasks/:id',
      'PUT /api/tasks/:id',
      'PUT /tasks/:id',
      'DELETE /api/tasks/:id',
      'DELETE /tasks/:id',
      'DELETE /api/jobs/:id',
      'POST /user/register',
      'POST /api/keys',
      'DELETE /api/keys/:id',
    ],
  },
  {
    // A worker or the trace store has work, too.
    units: 3,
    routes: [
      'POST /api/add',
      'POST /api/add/:task',
      'GET /add/:task',
      'POST /api/jobs/:id/retry',
      'GET /api/jobs/:id/trace',
      'GET /image/:id/trace',
      'GET /upload/:id/trace',
    ],
  },
  { units: 1, perKib: 0.1, routes: ['POST /analyze'] },
  // Its bytes have a separate allowance (UPLOAD_RATE_BYTES).
  { units: 10, routes: ['POST /upload'] },
  { units: 100, routes: ['POST /lab/runs'] },
];

/** What a route costs; undefined when it is not public. The path is an Express pattern: `/tasks/:id`. */
export const costOf = byRoute(COSTS.map(({ routes, ...cost }): [Cost, string[]] => [cost, routes]));
