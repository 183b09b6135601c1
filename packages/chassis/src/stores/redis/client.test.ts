import { mountSmallDisk } from '../../../../../tests/support/small-disk.js';
import { eventually } from '../../../../../tests/support/eventually.js';
import { FAULT_ANSWER_MS } from '../../../../../tests/support/fault-time.js';
import { startTestRedis, type TestRedis } from '../../../../../tests/support/redis.js';
import { checkHealth } from '../../http/health.js';
import { redisCheck } from './client.js';

/** The health of a service that writes to Redis. */
async function watch(redis: TestRedis) {
  const checks = [redisCheck(await redis.connectAs('web_gateway'))];
  return async () => (await checkHealth({ service: 'x', pod: 'x-1', checks })).status;
}

/** On a busy machine, a check may take too long once. */
const isHealthy = (status: () => Promise<string>) =>
  eventually(async () => expect(await status()).toBe('healthy'));

const filler = Buffer.alloc(64 * 1024, 1);

describe('the Redis check', () => {
  let redis: TestRedis;
  let status: () => Promise<string>;
  beforeAll(async () => {
    redis = await startTestRedis({ settings: ['maxmemory 16mb'] });
    status = await watch(redis);
  });
  afterAll(() => redis.stop());
  beforeEach(async () => {
    await redis.redis.flushall();
    await isHealthy(status);
  });
  const answersReads = async () => expect(await redis.redis.get('image:1')).toBeNull();

  it('leaves nothing behind', async () => {
    expect(await redis.redis.dbsize()).toBe(0);
  });

  it('fails on a server that is read-only', async () => {
    await redis.redis.replicaof('127.0.0.1', 1);
    await answersReads();
    expect(await status()).toBe('unhealthy');
    await redis.redis.replicaof('NO', 'ONE');
    await isHealthy(status);
  });

  it('fails on a server full of keys that must stay, but not on one full of evictable keys', async () => {
    const fill = async (bytes: number, ...ttl: string[]) => {
      for (let number = 0; number < 20_000_000 / bytes; number += 1)
        await redis.redis.call('SET', `image:${bytes}-${number}`, filler.subarray(0, bytes), ...ttl);
    };
    await fill(filler.length, 'EX', '3600');
    expect(await redis.redis.info('stats')).toMatch(/^evicted_keys:[1-9]/m);
    await isHealthy(status);

    for (const bytes of [filler.length, 1_024, 1]) await expect(fill(bytes)).rejects.toThrow('OOM');
    await answersReads();
    expect(await status()).toBe('unhealthy');
  });

  it('fails within its time on a server that hangs', async () => {
    await redis.link.freeze();
    const begun = performance.now();
    expect(await status()).toBe('unhealthy');
    expect(performance.now() - begun).toBeLessThan(FAULT_ANSWER_MS);
    await redis.link.mend();
    await isHealthy(status);
  });
});

const disk = mountSmallDisk(64);

(disk ? it : it.skip)(
  'the check of Redis fails while the disk is full, and passes when there is room',
  async () => {
    const redis = await startTestRedis({ dataDir: disk!.path });
    const status = await watch(redis);
    try {
      await isHealthy(status);
      disk!.fill();
      // Redis writes everything it is given to its file.
      await eventually(async () => {
        await redis.redis.set('filler', filler).catch(() => undefined);
        expect(await status()).toBe('unhealthy');
      });
      expect(await redis.redis.get('image:1')).toBeNull();
      disk!.free();
      await isHealthy(status);
    } finally {
      await redis.stop();
      disk!.remove();
    }
  },
);
