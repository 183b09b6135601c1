import type { PostgresServer } from '../servers/postgres.js';
import { environmentOf, planReplicas, type PlannedReplica } from './replicas.js';

const postgres = {
  host: '127.0.0.1',
  port: 5432,
  database: 'millrace',
  roles: { task_api: { user: 'task_api', password: 'a' }, user_api: { user: 'user_api', password: 'b' } },
} as PostgresServer;
const redis = {
  urls: {
    web_gateway: 'redis://w',
    task_api: 'redis://t',
    queue_worker: 'redis://q',
    rate_limits: 'redis://l',
  },
};
const connections = { postgres, redis, dataDir: '/data, mine' };

const named = (replicas: PlannedReplica[], name: string) => {
  const found = replicas.find((replica) => replica.name === name);
  if (!found) throw new Error(`no ${name}`);
  return found;
};

test('plans one replica of each service, and more where requested, each with its own port', async () => {
  const replicas = await planReplicas({ 'blur-worker': 3 });
  expect(replicas.map(({ name }) => name)).toEqual([
    'web-gateway-1',
    'task-api-1',
    'user-api-1',
    'text-worker-1',
    'blur-worker-1',
    'blur-worker-2',
    'blur-worker-3',
    'bw-worker-1',
    'queue-worker-1',
  ]);
  expect(new Set(replicas.map(({ port }) => port)).size).toBe(9);
});

test('plans the missing replicas in addition to the existing ones', async () => {
  const present = await planReplicas({ 'blur-worker': 2 });
  const missing = await planReplicas({ 'blur-worker': 4, 'bw-worker': 1 }, present);
  expect(missing.map(({ name }) => name)).toEqual(['blur-worker-3', 'blur-worker-4']);
});

test('tells the gateway where the addresses of all replicas are', async () => {
  const environment = environmentOf(named(await planReplicas(), 'web-gateway-1'), connections);
  expect(environment).toMatchObject({
    POD_NAME: 'web-gateway-1',
    HOST: '127.0.0.1',
    REDIS_URL: 'redis://w',
    // Without a comma, which would end the entry.
    BLUR_WORKER_URLS: 'file:///data%2C%20mine/replicas/blur-worker',
    TASK_API_URLS: 'file:///data%2C%20mine/replicas/task-api',
  });
});

test('gives a service the account for its schema, and none to a service without data', async () => {
  const replicas = await planReplicas();
  expect(environmentOf(named(replicas, 'user-api-1'), connections)).toMatchObject({
    POSTGRES_USER: 'user_api',
    POSTGRES_PASSWORD: 'b',
    POSTGRES_PORT: '5432',
  });
  const worker = environmentOf(named(replicas, 'text-worker-1'), connections);
  expect(Object.keys(worker).filter((name) => /^(POSTGRES|REDIS)_/.test(name))).toEqual([]);
});
