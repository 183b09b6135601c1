// The services' routes through nginx, and those in the published description, are the same.
import { createServiceClient } from '@millrace/chassis/calls';
import { createPostgres, type Postgres } from '@millrace/chassis/stores/postgres';
import { createTraceReader, type TraceReader } from '@millrace/chassis/traces';
import { accessOf, costOf } from '@millrace/contracts';
import { createOpenApiDocument } from '@millrace/contracts/openapi';
import type { Express } from 'express';
import { Redis } from 'ioredis';
import { createApp as createTaskApi } from '../../services/task-api/src/app.js';
import { createKeyStore } from '../../services/task-api/src/keys/key-store.js';
import { createApp as createUserApi } from '../../services/user-api/src/app.js';
import { createApp as createWebGateway } from '../../services/web-gateway/src/app.js';

import { send } from '../nginx/client.js';
import { type Nginx, startNginx, startUpstream, type Upstream } from '../nginx/support.js';
import { basics, silentLogger } from '../support/service-basics.js';

/** The part of Express's router that knows the routes. */
interface Layer {
  route?: { path: string | string[]; methods: Record<string, boolean> };
  handle: { stack?: Layer[] };
}

interface Route {
  service: string;
  method: string;
  path: string;
}

let nginx: Nginx;
let upstreams: Upstream[];
let postgres: Postgres;
let redis: Redis;
let traces: TraceReader;

/** Only for the web UI, and only with a trace store. */
const UNDESCRIBED = ['get /api/jobs/:id/trace', 'get /image/:id/trace', 'get /upload/:id/trace'];

beforeAll(async () => {
  const [webGateway, taskApi, userApi] = await Promise.all([
    startUpstream('web-gateway'),
    startUpstream('task-api'),
    startUpstream('user-api'),
  ]);
  upstreams = [webGateway, taskApi, userApi];
  nginx = await startNginx({
    replicas: { 'web-gateway': [webGateway.port], 'task-api': [taskApi.port], 'user-api': [userApi.port] },
  });
  // Only the apps' routes are read, so nothing connects.
  redis = new Redis({ lazyConnect: true });
  traces = createTraceReader('http://localhost:1');
  postgres = createPostgres(
    {
      POSTGRES_HOST: 'localhost',
      POSTGRES_PORT: 5432,
      POSTGRES_DB: 'none',
      POSTGRES_USER: 'none',
      POSTGRES_PASSWORD: 'none',
      POSTGRES_POOL_SIZE: 1,
    },
    silentLogger(),
  );
});

afterAll(async () => {
  redis.disconnect();
  await Promise.all([
    ...[nginx.stop(), postgres.end(), traces.close()],
    ...upstreams.map((upstream) => upstream.stop()),
  ]);
});

test('every public route is described, and nothing else; every route has a rule, and a cost if it is public', async () => {
  const routes = Object.entries(createApps()).flatMap(([service, app]) =>
    routesIn(app.router.stack as unknown as Layer[]).map((route) => ({ service, ...route })),
  );
  expect(routes).toContainEqual({ service: 'task-api', method: 'post', path: '/internal/jobs/analyze' });

  const open: Route[] = [];
  for (const route of routes) if (await isPublic(route)) open.push(route);
  const offered = new Set(open.map(({ method, path }) => `${method} ${path}`));

  // With AUTH_MODE=jwt, a service does not start with a route that has no rule.
  expect(routes.filter(({ method, path }) => !accessOf(method, path))).toEqual([]);

  const charged = routes.filter(({ method, path }) => costOf(method, path));
  const isInternal = ({ method, path }: Route) => accessOf(method, path) === 'service';
  expect(charged).toEqual(routes.filter((route) => !isInternal(route)));

  const { paths = {} } = createOpenApiDocument({ isSecured: true });
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    // Express accepts a path with and without its trailing slash.
    Object.keys(methods).map(
      (method) => `${method} ${path.replace(/\{(\w+)\}/g, ':$1').replace(/(?<=.)\/$/, '')}`,
    ),
  );
  expect([...new Set([...described, ...UNDESCRIBED])].sort()).toEqual([...offered].sort());
});

function createApps(): Record<string, Express> {
  const postgresCheck = { name: 'postgres', check: () => Promise.resolve() };
  const client = (name: string) => createServiceClient({ name, urls: ['http://localhost:1'] });
  return {
    'web-gateway': createWebGateway({
      ...basics('web-gateway-test'),
      redis,
      services: {
        taskApi: client('task-api'),
        userApi: client('user-api'),
        textWorker: client('text-worker'),
        blurWorker: client('blur-worker'),
        bwWorker: client('bw-worker'),
        queueWorker: client('queue-worker'),
      },
      limits: {
        uploadMaxBytes: 1,
        memoryBudgetBytes: 64 * 1024 ** 2,
        uploadQueueLimit: 1,
        labRunLimit: 1,
        uploadTimeoutMs: 1,
        imageTtlSeconds: 1,
      },
      uiFolder: '/nowhere',
      traces: { reader: traces, jaegerUrl: undefined },
    }),
    'task-api': createTaskApi({
      ...basics('task-api-test'),
      postgres,
      lists: postgres,
      postgresCheck,
      redis,
      publisher: {
        publish: () => Promise.resolve(),
        hasLostMessages: () => Promise.resolve(false),
      },
      hints: { changed: () => undefined, listen: () => () => undefined, close: () => undefined },
      keys: createKeyStore(postgres),
      traces,
      options: {
        leaseMs: 1,
        backoffMs: 1,
        maxAttempts: 1,
        sweepAfterMs: 1,
        backlog: { jobs: 1, images: 1, bytes: 1, scheduled: 1 },
        imageMaxBytes: 1,
        memoryBudgetBytes: 1,
        eventStreamLimit: 1,
        eventStreamLimitPerClient: 1,
      },
    }),
    'user-api': createUserApi({ ...basics('user-api-test'), postgres, postgresCheck }),
  };
}

function routesIn(stack: Layer[]): { method: string; path: string }[] {
  return stack.flatMap(({ route, handle }) => {
    if (!route) return routesIn(handle.stack ?? []);
    const methods = Object.keys(route.methods).filter((method) => !method.startsWith('_'));
    return [route.path].flat().flatMap((path) => methods.map((method) => ({ method, path })));
  });
}

/** Whether nginx, under any of its hosts, accepts a request for the route to the service. */
async function isPublic({ service, method, path }: Route): Promise<boolean> {
  const url = path.replace(/:\w+/g, 'x');
  const hosts = ['localhost', 'task-user.local'];
  const replies = await Promise.all(
    hosts.map((host) => send(nginx.port, url, { method: method.toUpperCase(), headers: { host } })),
  );
  return replies.some((reply) => reply.status === 200 && reply.echo().upstream === service);
}
