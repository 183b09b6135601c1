import { Registry } from 'prom-client';
import { eventually } from '../../../../../tests/support/eventually.js';
import { startTestRedis, type TestRedis } from '../../../../../tests/support/redis.js';
import { redisMetrics } from './metrics.js';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis({ settings: ['maxmemory 8mb'] });
});
afterAll(() => redis.stop());

it('reports the memory and evictions of Redis, and nothing while it does not respond', async () => {
  const registry = new Registry();
  redisMetrics(await redis.connectAs('web_gateway'))(registry);
  expect(await registry.metrics()).toMatch(/^redis_evicted_keys 0\n[^]*^redis_memory_max_bytes 8388608$/m);
  for (let number = 0; number < 20; number += 1)
    await redis.redis.set(`image:${number}`, Buffer.alloc(1024 ** 2), 'EX', 60);
  expect(await registry.metrics()).toMatch(/^redis_evicted_keys [1-9]/m);

  await redis.link.cut();
  expect(await registry.metrics()).not.toMatch(/^redis_/m);
  await redis.link.mend();
  await eventually(async () => expect(await registry.metrics()).toMatch(/^redis_evicted_keys [1-9]/m));
});
