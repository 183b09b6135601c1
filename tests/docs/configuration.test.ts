import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { serviceEnvironment } from '../../local/supervise/environment.js';
import { type Connections, environmentOf, planReplicas } from '../../local/stack/replicas.js';
import { configSchema as blurWorker } from '../../services/blur-worker/src/config.js';
import { configSchema as bwWorker } from '../../services/bw-worker/src/config.js';
import { configSchema as queueWorker } from '../../services/queue-worker/src/config.js';
import { configSchema as taskApi } from '../../services/task-api/src/config.js';
import { configSchema as textWorker } from '../../services/text-worker/src/config.js';
import { configSchema as userApi } from '../../services/user-api/src/config.js';
import { configSchema as webGateway } from '../../services/web-gateway/src/config.js';

const services: Record<string, z.ZodObject> = {
  'web-gateway': webGateway,
  'task-api': taskApi,
  'user-api': userApi,
  'text-worker': textWorker,
  'blur-worker': blurWorker,
  'bw-worker': bwWorker,
  'queue-worker': queueWorker,
};

const page = readFileSync(join(__dirname, '../../docs/CONFIGURATION.md'), 'utf8');
const rows = [...page.matchAll(/^\| `([A-Z_]+)`\s*\| ([^|]+?)\s*\| ([^|]+?)\s*\|/gm)].map(
  ([, name, users, value]) => ({
    name: name!,
    users: users === 'all' ? Object.keys(services) : users!.split(', '),
    value: value!,
  }),
);

describe('docs/CONFIGURATION.md', () => {
  it.each(Object.keys(services))('lists every variable of %s with its default', (service) => {
    const documented = Object.fromEntries(
      rows.filter(({ users }) => users.includes(service)).map(({ name, value }) => [name, value]),
    );
    const real = Object.fromEntries(
      Object.entries(services[service]!.shape).map(([name, field]) => {
        const { success, data } = (field as z.ZodType).safeParse(undefined);
        const value = success ? z.coerce.string().parse(data ?? 'not set') : 'required';
        return [name, name === 'POD_NAME' ? "the host's name" : value];
      }),
    );
    expect(documented).toEqual(real);
  });
});

describe('npm start', () => {
  const connections = {
    postgres: { host: '127.0.0.1', port: 1, database: 'millrace', roles: { task_api: {}, user_api: {} } },
    redis: { urls: { web_gateway: 'redis://', task_api: 'redis://', queue_worker: 'redis://' } },
    dataDir: '/data',
  } as Connections;

  it('sets every setting of a service, or takes it from the shell', async () => {
    for (const replica of await planReplicas()) {
      const own = Object.keys(environmentOf(replica, connections));
      const names = Object.keys(services[replica.service]!.shape);
      const shell = Object.fromEntries(names.map((name) => [name, '1']));
      const taken = [...own, ...Object.keys(serviceEnvironment(shell))];
      // Without --observe there are no metrics; load balancers probe; and there is no TLS.
      const others = ['TLS_DIR', 'TLS_CALLERS', 'STORES_CA', 'METRICS_PORT', 'PROBE_PORT', 'READINESS'];
      expect(names.filter((name) => !taken.includes(name))).toEqual(others);
      expect(Object.keys(serviceEnvironment(shell)).filter((name) => own.includes(name))).toEqual([]);
    }
  });
});
