// The whole stack with TLS behind Nginx, with the test's own certificates.
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { connect } from 'node:tls';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis, type RedisOptions } from 'ioredis';
import { Client, type ClientConfig } from 'pg';
import { serviceNames } from '#topology';
import { programs } from '../../local/certificates/programs.js';
import { exportersFile, startExporters } from '../../local/observe/exporters.js';
import { findProgram } from '../../local/servers/programs.js';
import { readTlsFiles } from '../../local/servers/tls-files.js';
import { startStack, type Stack } from '../../local/stack/stack.js';
import { openGuard } from '../../local/supervise/guard.js';
import { createAuthority, type TestAuthority } from '../support/certificates.js';
import { makeImage } from '../support/images.js';
import { startTraffic } from '../support/traffic.js';
import { until } from '../support/until.js';

let authority: TestAuthority;
let stack: Stack;
/** The output of all programs. */
const lines: string[] = [];
const onLine = (source: string, line: string) => lines.push(`${source}: ${line}`);

beforeAll(async () => {
  authority = await createAuthority();
  await Promise.all(programs.map((name) => authority.issue(name)));
  stack = await startStack({ port: 'free', tlsDir: authority.folder, onLine });
}, 90_000);
afterAll(async () => {
  await stack.stop();
  authority.remove();
});

const filesOf = (name: string) => readTlsFiles(join(authority.folder, name));

async function jobDone(response: Response): Promise<true> {
  expect(response.status).toBe(202);
  const { id } = (await response.json()) as { id: string };
  return until(`job ${id} is completed`, async () => {
    const job = await fetch(`${stack.url}/api/jobs/${id}`);
    return ((await job.json()) as { status: string }).status === 'completed';
  });
}

async function upload(query = ''): Promise<Response> {
  const body = new FormData();
  body.set('effects', 'bw,blur');
  body.set('file', new Blob([new Uint8Array(await makeImage('png'))]), 'a.png');
  return fetch(`${stack.url}/upload${query}`, { method: 'POST', body });
}

async function askRedis(options: RedisOptions): Promise<string> {
  const { port, url } = stack.redis;
  const redis = new Redis({
    ...{ host: '127.0.0.1', port, username: 'admin', password: new URL(url).password },
    ...{ lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0, connectTimeout: 20_000 },
    ...options,
  });
  let reason = '';
  redis.on('error', (error) => (reason = error.message));
  try {
    await redis.connect();
    return await redis.ping();
  } catch (error) {
    return reason || (error as Error).message;
  } finally {
    redis.disconnect();
  }
}

async function askPostgres(options: ClientConfig): Promise<string> {
  const { host, port, user, password, database } = stack.postgres;
  const client = new Client({ host, port, user, password, database, ...options });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string }>(
      'SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
    );
    return rows[0]!.version;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await client.end().catch(() => undefined);
  }
}

test('requests, jobs, images and health work', async () => {
  expect((await fetch(`${stack.url}/health`)).status).toBe(200);
  expect(await jobDone(await fetch(`${stack.url}/api/add/tea`, { method: 'POST' }))).toBe(true);
  const uploaded = await upload();
  expect(uploaded.status).toBe(201);
  const { view_url: path } = (await uploaded.json()) as { view_url: string };
  expect((await fetch(new URL(path, stack.url))).status).toBe(200);
  expect(await jobDone(await upload('?async=true'))).toBe(true);
  expect((await fetch(`${stack.url}/user/users`)).status).toBe(200);
});

test('every service refuses a plain request', async () => {
  const statuses = await Promise.all(
    stack.replicas.map(
      ({ port }) =>
        new Promise((resolve) => {
          const request = get({ host: '127.0.0.1', port, path: '/livez', agent: false }, (response) =>
            resolve(response.resume().statusCode),
          );
          request.on('error', () => resolve('refused'));
        }),
    ),
  );
  expect(statuses).toEqual(serviceNames.map(() => 'refused'));
});

test('Redis accepts only TLS with a client certificate', async () => {
  const { ca, ...own } = filesOf('task-api');
  expect(await askRedis({ tls: { ca, ...own } })).toBe('PONG');
  expect(await askRedis({})).not.toBe('PONG');
  expect(await askRedis({ tls: { ca } })).toMatch(/certificate required|ECONNRESET|closed/i);
  expect(await askRedis({ tls: own })).toMatch(/self-signed certificate/);
});

test('PostgreSQL accepts only TLS with a client certificate', async () => {
  const { ca, ...own } = filesOf('task-api');
  const host = '127.0.0.1';
  expect(await askPostgres({ ssl: { ca, ...own, host } })).toBe('TLSv1.3');
  expect(await askPostgres({})).toMatch(/no pg_hba.conf entry for host .* no encryption/);
  expect(await askPostgres({ ssl: { ca, host } })).toMatch(/requires a valid client certificate/);
  expect(await askPostgres({ ssl: { ...own, host } })).toMatch(/self-signed certificate/);
});

/** The serial numbers of the certificates that the services and Redis show. */
function serials(): Promise<string[]> {
  const serialAt = (port: number, servername: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, servername, ...filesOf('nginx') }, () => {
        resolve(socket.getPeerCertificate().serialNumber);
        socket.destroy();
      });
      socket.on('error', reject);
    });
  return Promise.all([
    ...stack.replicas.map(({ port, service }) => serialAt(port, service)),
    serialAt(stack.redis.port, 'redis'),
  ]);
}

/** The administrator's connection, like docker/on-renewal's over Redis's socket. */
async function redisAdmin(): Promise<Redis> {
  const admin = new Redis(stack.redis.url, { tls: filesOf('redis'), lazyConnect: true });
  await admin.connect();
  return admin;
}

/** What docker/on-renewal does in the containers of PostgreSQL and Redis. */
async function tellServers(admin: Redis): Promise<void> {
  stack.postgres.process.kill('SIGHUP');
  const folder = join(authority.folder, 'redis');
  await admin.call(
    ...(['CONFIG', 'SET', 'tls-cert-file', join(folder, 'tls.crt')] as const),
    ...['tls-key-file', join(folder, 'tls.key'), 'tls-ca-cert-file', join(folder, 'ca.crt')],
  );
  admin.disconnect();
}

/** The exporters' programs, by the metric that says whether each one reaches its server. */
const exporters = {
  pg_up: ['prometheus-postgres-exporter', 'postgres_exporter'],
  redis_up: ['prometheus-redis-exporter', 'redis_exporter'],
};
const isInstalled = (program: string) => {
  try {
    return findProgram(program) !== '';
  } catch {
    return false;
  }
};
const hasExporters = Object.values(exporters).every((names) => names.some(isInstalled));
if (!hasExporters)
  process.stderr.write(
    'Not all exporters are installed: they are not tried with TLS (Debian: apt-get install prometheus-postgres-exporter prometheus-redis-exporter).\n',
  );

(hasExporters ? test : test.skip)(
  'the exporters of PostgreSQL and Redis reach them',
  async () => {
    const dataDir = join(authority.folder, 'observed');
    const guard = await openGuard(dataDir);
    const { postgres, redis } = stack;
    const tlsDir = authority.folder;
    const running = await startExporters({ dataDir, guard, postgres, redis, nginxStatusPort: 1, tlsDir });
    try {
      const targets = JSON.parse(readFileSync(exportersFile(dataDir), 'utf8')) as { targets: [string] }[];
      const metrics = async () => {
        const pages = targets.map(async ({ targets: [address] }) =>
          (await fetch(`http://${address}/metrics`)).text(),
        );
        return (await Promise.all(pages)).join('\n');
      };
      await until('each says that it does', async () => {
        const text = await metrics().catch(() => '');
        return Object.keys(exporters).every((name) => text.includes(`\n${name} 1\n`));
      });
    } finally {
      await Promise.all(running.map((exporter) => exporter.stop(2_000)));
      await guard.close();
    }
  },
  30_000,
);

test('certificates and their authority are renewed under load, and no request fails', async () => {
  const successor = await createAuthority();
  const both = authority.certificate + successor.certificate;
  const { folder } = authority;
  /** Replaces the files of all programs, and waits until they use them. */
  const renew = async (
    issue: (name: string) => Promise<string>,
    { reloadsNginx }: { reloadsNginx: boolean },
  ) => {
    const before = await serials();
    const said = lines.length;
    const admin = await redisAdmin();
    await Promise.all(programs.map(issue));
    await tellServers(admin);
    const nginxSaid = (source: string) =>
      lines
        .slice(said)
        .some((line) => line.startsWith(source) && /: (Nginx uses|new connections use)/.test(line));
    await until('all use what is there now', async () => {
      // Asking costs each of them a handshake.
      await sleep(1_000);
      const now = await serials();
      return (
        now.every((serial, index) => serial !== before[index]) &&
        nginxSaid('services-certificate') &&
        (nginxSaid('services-authority') || !reloadsNginx)
      );
    });
  };
  const traffic = startTraffic({ url: stack.url, perSecond: 20, retries: 'none' });
  try {
    await renew((name) => authority.issue(name, { trusted: both }), { reloadsNginx: true });
    await renew((name) => successor.issue(name, { folder, trusted: both }), { reloadsNginx: false });
    await renew((name) => successor.issue(name, { folder }), { reloadsNginx: true });
    // New replicas connect with new certificates, to programs with new certificates.
    await stack.scale({ 'text-worker': 2, 'task-api': 2 });
  } finally {
    await traffic.stop(300);
    successor.remove();
  }
  const { failed, requests } = traffic.tally;
  expect(failed).toEqual([]);
  expect(requests).toBeGreaterThanOrEqual(300);
}, 180_000);
