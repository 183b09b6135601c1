import type { Redis } from 'ioredis';
import { Gauge, type Registry } from 'prom-client';
import { shareFor } from '../../work/share-for.js';

/** Each with its field in INFO (https://redis.io/docs/latest/commands/info/). */
const METRICS = [
  {
    field: 'evicted_keys',
    name: 'redis_evicted_keys',
    help: 'Keys evicted since Redis was started: images that were let go before their time.',
  },
  { field: 'used_memory', name: 'redis_memory_used_bytes', help: 'What data and buffers take in Redis.' },
  { field: 'maxmemory', name: 'redis_memory_max_bytes', help: 'Where Redis begins to evict. 0: no limit.' },
];

/** Redis' memory, read when the metrics are requested. The metrics have no value while Redis does not respond. */
export function redisMetrics(redis: Redis): (registry: Registry) => void {
  // The registry collects all of them at once.
  const info = shareFor(0, () => redis.info().catch(() => ''));
  return (registry) => {
    for (const { field, name, help } of METRICS) {
      new Gauge({
        name,
        help,
        registers: [registry],
        async collect() {
          const value = new RegExp(`^${field}:(\\d+)`, 'm').exec(await info())?.[1];
          if (value === undefined) this.remove();
          else this.set(Number(value));
        },
      });
    }
  };
}
