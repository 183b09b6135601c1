// The whole stack with TLS behind Nginx, with certificates of the test's own.
import { get } from 'node:http';
import { connect } from 'node:tls';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis, type RedisOptions } from 'ioredis';
import { Client, type ClientConfig } from 'pg';
import { serviceNames } from '#topology';
import { readTlsFiles } from '../../local/servers/tls-files.js';
import { startStack, type Stack } from '../../local/stack/stack.js';
import { createAuthority, type TestAuthority } from '../support/certificates.js';
import { makeImage } from '../support/images.js';
import { startTraffic } from '../support/traffic.js';
import { until } from '../support/until.js';

let authority: TestAuthority;
let stack: Stack;
const names = [...serviceNames, 'nginx', 'redis', 'postgres'];

beforeAll(async () => {
  authority = await createAuthority();
  await Promise.all(names.map((name) => authority.issue(name)));
  stack = await startStack({ port: 'free', tlsDir: authority.folder });
}, 90_000);
afterAll(async () => {
  await stack.stop();
  authority.remove();
}, 30_000);

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
    ...{ lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0, connectTimeout: 2_000 },
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

test('Redis takes TLS alone, from holders of a certificate', async () => {
  const { ca, ...own } = filesOf('task-api');
  expect(await askRedis({ tls: { ca, ...own } })).toBe('PONG');
  expect(await askRedis({})).not.toBe('PONG');
  expect(await askRedis({ tls: { ca } })).toMatch(/certificate required|ECONNRESET|closed/i);
  expect(await askRedis({ tls: own })).toMatch(/self-signed certificate/);
});

test('PostgreSQL takes TLS alone, from holders of a certificate', async () => {
  const { ca, ...own } = filesOf('task-api');
  const host = '127.0.0.1';
  expect(await askPostgres({ ssl: { ca, ...own, host } })).toBe('TLSv1.3');
  expect(await askPostgres({})).toMatch(/no pg_hba.conf entry for host .* no encryption/);
  expect(await askPostgres({ ssl: { ca, host } })).toMatch(/requires a valid client certificate/);
  expect(await askPostgres({ ssl: { ...own, host } })).toMatch(/self-signed certificate/);
});

test('certificates are renewed under load, and no request fails', async () => {
  const serialAt = (port: number, servername: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, servername, ...filesOf('nginx') }, () => {
        resolve(socket.getPeerCertificate().serialNumber);
        socket.destroy();
      });
      socket.on('error', reject);
    });
  const serials = () =>
    Promise.all([
      ...stack.replicas.map(({ port, service }) => serialAt(port, service)),
      serialAt(stack.redis.port, 'redis'),
    ]);
  const traffic = startTraffic({ url: stack.url, perSecond: 20, retries: 'none' });
  const before = await serials();

  await Promise.all(names.map((name) => authority.issue(name)));
  // What docker/on-renewal does in containers.
  stack.postgres.process.kill('SIGHUP');
  const folder = join(authority.folder, 'redis');
  const admin = new Redis(stack.redis.url, { tls: filesOf('redis') });
  await admin.call(
    ...(['CONFIG', 'SET', 'tls-cert-file', join(folder, 'tls.crt')] as const),
    ...['tls-key-file', join(folder, 'tls.key'), 'tls-ca-cert-file', join(folder, 'ca.crt')],
  );
  admin.disconnect();
  await until('all serve their new certificates', async () => {
    // Asking costs each of them a handshake.
    await sleep(1_000);
    const now = await serials();
    return now.every((serial, index) => serial !== before[index]);
  });
  // New replicas connect to everything with and to new certificates.
  await stack.scale({ 'text-worker': 2, 'task-api': 2 });
  const { failed, requests } = await traffic.stop(300);
  expect(failed).toEqual([]);
  expect(requests).toBeGreaterThanOrEqual(300);
}, 60_000);
