import { byRoute } from './by-route.js';

/** What an access token or an API key can allow. */
export const SCOPES = {
  'tasks:read': 'See your tasks and jobs.',
  'tasks:write': 'Create, change and delete your tasks and jobs.',
  'texts:analyze': 'Analyze texts.',
  'images:read': 'Get your finished images.',
  'images:write': 'Upload images.',
  'users:read': 'List all users.',
  'users:write': 'Register users.',
  'lab:run': 'Run the scaling lab.',
  'keys:manage': 'Create, list and revoke your API keys.',
  'jobs:admin':
    'With the scopes above: for the tasks, jobs and images of everyone. Also, see the state of the queue.',
} as const;

export type Scope = keyof typeof SCOPES;

/** Shows everything, no matter whose it is. */
export const ADMIN_SCOPE: Scope = 'jobs:admin';

/** Who may call a route: everyone, only Millrace's own services, or callers with the scope. */
export type Access = 'public' | 'service' | Scope;

/**
 * The rule of every route of every service, by method and Express path. The services enforce it and the OpenAPI document states it, so a new
 * route needs a line here.
 */
const ROUTES: Record<Access, string[]> = {
  public: [
    'GET /',
    'GET /ui/:page',
    'GET /ui/assets/:file',
    'GET /docs',
    'GET /openapi.json',
    'GET /user',
    // Nginx has no route to the others.
    'GET /health',
    'GET /user/health',
    'GET /livez',
    'GET /readyz',
  ],
  'tasks:read': [
    'GET /api/tasks',
    'GET /tasks',
    'GET /api/tasks/:id',
    'GET /tasks/:id',
    'GET /api/tasks/events',
    'GET /api/jobs',
    'GET /api/jobs/:id',
    'GET /api/jobs/:id/events',
    // These two are for the web UI, and exist only while TRACES_URL is set.
    'GET /api/jobs/:id/trace',
  ],
  'tasks:write': [
    'POST /api/add',
    'POST /api/add/:task',
    'GET /add/:task',
    'POST /api/tasks',
    'POST /tasks',
    'PATCH /api/tasks/:id',
    'PATCH /tasks/:id',
    'PUT /api/tasks/:id',
    'PUT /tasks/:id',
    'DELETE /api/tasks/:id',
    'DELETE /tasks/:id',
    'POST /api/jobs/:id/retry',
    'DELETE /api/jobs/:id',
  ],
  'texts:analyze': ['POST /analyze'],
  'images:read': ['GET /image/:id', 'GET /image/:id/trace', 'GET /upload/:id/trace'],
  'images:write': ['POST /upload'],
  'users:read': ['GET /user/users'],
  'users:write': ['POST /user/register'],
  'lab:run': ['POST /lab/runs'],
  'keys:manage': ['POST /api/keys', 'GET /api/keys', 'DELETE /api/keys/:id'],
  'jobs:admin': ['GET /api/jobs/summary'],
  service: [
    'POST /process',
    'POST /internal/jobs/analyze',
    'POST /internal/jobs/image',
    'POST /internal/jobs/claims',
    'POST /internal/jobs/renewals',
    'POST /internal/jobs/completions',
    'GET /internal/jobs/:id/input',
    'POST /internal/jobs/:id/fail',
    'GET /internal/keys/:hash',
  ],
};

/** The rule of a route. The path is an Express pattern: `/tasks/:id`. */
export const accessOf = byRoute(Object.entries(ROUTES) as [Access, string[]][]);
