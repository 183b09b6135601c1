import { eventually } from '../../../../../tests/support/eventually.js';
import { startTestRedis, type TestRedis } from '../../../../../tests/support/redis.js';
import { type MetricsServer, serveMetrics } from '../../telemetry/metrics-server.js';
import { declareRedisMetrics } from './metrics.js';

let redis: TestRedis;
let server: MetricsServer;
beforeAll(async () => {
  redis = await startTestRedis({ settings: ['maxmemory 8mb'] });
  declareRedisMetrics(await redis.connectAs('web_gateway'));
  server = await serveMetrics({ port: 0, host: '127.0.0.1' });
});
afterAll(async () => {
  server.close();
  await redis.stop();
});

const page = async () => (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();

it('reports the memory and evictions of Redis, and nothing while it does not respond', async () => {
  expect(await page()).toMatch(/^redis_evicted_keys_total 0\n[^]*^redis_memory_max_bytes 8388608$/m);
  for (let number = 0; number < 20; number += 1)
    await redis.redis.set(`image:${number}`, Buffer.alloc(1024 ** 2), 'EX', 60);
  // An answer is shared for a second.
  await eventually(async () => expect(await page()).toMatch(/^redis_evicted_keys_total [1-9]/m));

  await redis.link.cut();
  await eventually(async () => expect(await page()).not.toMatch(/^redis_/m));
  await redis.link.mend();
  await eventually(async () => expect(await page()).toMatch(/^redis_evicted_keys_total [1-9]/m));
});
