import type { ServiceName } from '../../topology/services.js';

/** The objectives for a group of routes. A latency is the upper bound of a bucket: packages/chassis/src/http/request-metrics.ts. */
export interface Objective {
  group: string;
  job: ServiceName;
  /** A regular expression for `http_route`. */
  routes: string;
  /** In words, for alerts and dashboards. */
  what: string;
  /** The share of requests that are answered without a 5xx, */
  available: number;
  /** and the share of those that take at most so many seconds. */
  quick: number;
  withinSeconds: number;
}

const usual = { available: 0.999, quick: 0.99 };

export const objectives: Objective[] = [
  {
    group: 'tasks',
    job: 'task-api',
    routes: '/|/tasks.*|/api/tasks.*',
    what: 'tasks',
    ...usual,
    withinSeconds: 0.5,
  },
  {
    group: 'jobs',
    job: 'task-api',
    routes: '/add.*|/api/add.*|/api/jobs.*',
    what: 'queueing and watching jobs',
    ...usual,
    withinSeconds: 0.5,
  },
  { group: 'users', job: 'user-api', routes: '/user.*', what: 'users', ...usual, withinSeconds: 0.5 },
  {
    group: 'texts',
    job: 'web-gateway',
    routes: '/analyze',
    what: 'text analysis',
    ...usual,
    withinSeconds: 1,
  },
  // Includes waiting for a free worker: more replicas help.
  {
    group: 'uploads',
    job: 'web-gateway',
    routes: '/upload',
    what: 'image effects',
    available: 0.995,
    quick: 0.95,
    withinSeconds: 30,
  },
  {
    group: 'images',
    job: 'web-gateway',
    routes: '/image/.*',
    what: 'finished images',
    ...usual,
    withinSeconds: 1,
  },
  {
    group: 'pages',
    job: 'web-gateway',
    routes: '/|/ui/.*|/docs|/openapi.json',
    what: 'the web UI',
    ...usual,
    withinSeconds: 0.5,
  },
];
