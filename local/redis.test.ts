import { readFileSync, rmSync } from 'node:fs';
import { Redis } from 'ioredis';
import { startRedis } from './redis.js';
import { temporaryFolder, waitFor } from './test-support.js';

async function withClient<T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { retryStrategy: () => null });
  redis.on('error', () => {});
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

test('keeps its data between runs and after being killed, and evicts nothing', async () => {
  const dataDir = temporaryFolder();
  let server = await startRedis({ dataDir });
  await withClient(server.url, async (redis) => {
    expect(await redis.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
    await redis.set('kept', 'yes');
    // Written to the append-only file by then.
    expect(await redis.call('WAITAOF', '1', '0', '2000').catch(() => 'older than Redis 7.2')).toBeDefined();
  });
  await server.stop();

  server = await startRedis({ dataDir });
  expect(await withClient(server.url, (redis) => redis.get('kept'))).toBe('yes');
  server.process.kill('SIGKILL');
  const read = () => withClient(server.url, (redis) => redis.get('kept')).catch(() => undefined);
  await waitFor(
    async () => server.process.unexpectedExits === 1 && (await read()) === 'yes',
    'it is back with its data',
  );
  await server.stop();
  rmSync(dataDir, { recursive: true });
});

test('asks for its password, which the process table does not show', async () => {
  const server = await startRedis();
  const { password } = new URL(server.url);
  const anonymous = withClient(server.url.replace(`:${password}@`, ''), (redis) => redis.ping());
  await expect(anonymous).rejects.toThrow('NOAUTH');
  if (process.platform === 'linux') {
    expect(readFileSync(`/proc/${server.process.pid}/cmdline`, 'utf8')).not.toContain(password);
  }
  await server.stop();
});
