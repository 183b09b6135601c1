import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { configure, startRedis, type RedisServer } from './redis.js';
import { loadSecrets } from './secrets.js';
import { temporaryFolder } from '../supervise/test-support.js';
import { until } from '../../tests/support/until.js';

async function withClient<T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { retryStrategy: () => null, enableReadyCheck: false });
  redis.on('error', () => {});
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

let server: RedisServer | undefined;
let dataDir: string;
beforeEach(() => {
  dataDir = temporaryFolder();
});
afterEach(async () => {
  await server?.stop();
  rmSync(dataDir, { recursive: true });
});

test('keeps its data between runs and after being killed', async () => {
  let running = (server = await startRedis({ dataDir }));
  await withClient(running.url, async (redis) => {
    await redis.set('kept', 'yes');
    await withClient(running.urls.web_gateway, (service) =>
      service.multi().hset('image:1', { bytes: 'a' }).expire('image:1', 3_600).exec(),
    );
    // By now it is written to the append-only file.
    expect(await redis.call('WAITAOF', '1', '0', '2000').catch(() => 'older than Redis 7.2')).toBeDefined();
  });
  await running.stop();

  running = server = await startRedis({ dataDir });
  const read = () =>
    withClient(
      running.url,
      async (redis) => `${await redis.get('kept')} ${await redis.hget('image:1', 'bytes')}`,
    ).catch(() => undefined);
  expect(await read()).toBe('yes a');
  running.process.kill('SIGKILL');
  await until(
    'it is back with its data',
    async () => running.process.unexpectedExits >= 1 && (await read()) === 'yes a',
  );
});

test('uses as much memory as redis.conf says, and evicts keys with a time to live', async () => {
  server = await startRedis({ dataDir });
  const settings = await withClient(server.url, (redis) => redis.config('GET', 'maxmemory*'));
  expect(settings).toEqual(expect.arrayContaining(['402653184', 'volatile-lru']));
});

test('lets nobody in without a password, which the process table does not show', async () => {
  server = await startRedis({ dataDir });
  const { url, urls } = server;
  for (const [user, { password }] of Object.entries({ admin: url, ...urls }).map(
    ([name, text]) => [name, new URL(text)] as const,
  )) {
    const without = url.replace(/\/\/.*@/, `//${user}:wrong@`);
    await expect(withClient(without, (redis) => redis.ping())).rejects.toThrow();
    expect(readFileSync(join(dataDir, 'redis/redis.conf'), 'utf8')).not.toContain(password);
    if (process.platform === 'linux') {
      expect(readFileSync(`/proc/${server.process.pid}/cmdline`, 'utf8')).not.toContain(password);
    }
  }
  await expect(withClient(url.replace(/\/\/.*@/, '//'), (redis) => redis.ping())).rejects.toThrow();
  expect(await withClient(url, (redis) => redis.acl('WHOAMI'))).toBe('admin');
});

test('a service can do its own work, but nothing that affects others or the server', async () => {
  server = await startRedis({ dataDir });
  const { urls } = server;
  for (const user of Object.keys(urls) as (keyof typeof urls)[]) {
    await withClient(urls[user], async (redis) => {
      const own = user === 'rate_limits' ? 'limit:requests:a' : 'health';
      expect(await redis.set(own, '', 'PX', 1_000)).toBe('OK');
      for (const [command, ...args] of [
        ['FLUSHALL'],
        ['FLUSHDB'],
        ['CONFIG', 'GET', '*'],
        ['CONFIG', 'SET', 'maxmemory', '1'],
        ['ACL', 'LIST'],
        ['KEYS', '*'],
        ['SCAN', '0'],
        ['RANDOMKEY'],
        ['SHUTDOWN'],
        ['MONITOR'],
        ['CLIENT', 'KILL', 'TYPE', 'normal'],
        ['REPLICAOF', '127.0.0.1', '1'],
        ['SCRIPT', 'FLUSH'],
        ['SET', 'anything', '1'],
        ['SUBSCRIBE', 'anything'],
      ] as const) {
        await expect(redis.call(command, ...args)).rejects.toThrow('NOPERM');
      }
    });
  }
  const queueKey = (redis: Redis) => redis.zadd('jobs:due', 1, 'an-id');
  const imageKey = (redis: Redis) => redis.hset('image:1', 'type', 'image/png');
  await expect(withClient(urls.web_gateway, queueKey)).rejects.toThrow('NOPERM');
  // It may run scripts, which have the same rights.
  for (const command of ["'ZADD', 'jobs:due', 1, 'x'", "'FLUSHALL'", "'CONFIG', 'GET', '*'"]) {
    const script = `return redis.call(${command})`;
    await expect(withClient(urls.rate_limits, (redis) => redis.eval(script, 0))).rejects.toThrow(
      /can't run this command|not allowed from script/,
    );
  }
  await expect(withClient(urls.task_api, imageKey)).rejects.toThrow('NOPERM');
  for (const user of ['web_gateway', 'task_api', 'queue_worker'] as const)
    await expect(withClient(urls[user], (redis) => redis.eval('return 1', 0))).rejects.toThrow('NOPERM');
  expect(await withClient(urls.web_gateway, imageKey)).toBe(1);
  expect(await withClient(urls.queue_worker, queueKey)).toBe(1);
});

test('the metrics exporter can read the server’s status, but none of its data', async () => {
  server = await startRedis({ dataDir });
  const { user, password } = server.metrics;
  await withClient(`redis://${user}:${password}@127.0.0.1:${server.port}`, async (redis) => {
    expect(await redis.info()).toContain('used_memory:');
    for (const [command, ...args] of [
      ['GET', 'health'],
      ['SET', 'health', '1'],
      ['DBSIZE'],
      ['SCAN', '0'],
      ['CONFIG', 'GET', '*'],
      ['CLIENT', 'LIST'],
      ['SLOWLOG', 'GET', '1'],
      ['MONITOR'],
      ['SUBSCRIBE', 'task-changes'],
      ['FLUSHALL'],
    ] as const)
      await expect(redis.call(command, ...args)).rejects.toThrow('NOPERM');
  });
});

test('adds the passwords that an earlier release did not know', () => {
  const path = join(dataDir, 'secrets.json');
  const before = { postgresPassword: 'p', taskApiPassword: 't', userApiPassword: 'u', redisPassword: 'r' };
  writeFileSync(path, JSON.stringify(before));
  const secrets = loadSecrets(path);
  expect(secrets).toMatchObject(before);
  expect(secrets.redisTaskApiPassword).toMatch(/^[0-9a-f]{48}$/);
  expect(loadSecrets(path)).toEqual(secrets);
});

test('is configured so that Redis 6 understands it', () => {
  const services = { web_gateway: 'w', task_api: 't', queue_worker: 'q' };
  const passwords = { admin: 'a', ...services, metrics: 'm', rate_limits: 'l' };
  expect(configure(7, passwords, [])).toMatch(/^maxmemory-clients /m);
  const text = configure(6, passwords, ['port 1']);
  expect(text).not.toMatch(/^maxmemory-clients|^user .* &/m);
  expect(text).toMatch(/^user task_api on .* #[0-9a-f]{64}$/m);
  expect(text).toMatch(/^port 1$/m);
});
