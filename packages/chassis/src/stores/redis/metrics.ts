import { counter, gauge } from '../../telemetry/metrics.js';
import { shareFor } from '../../work/share-for.js';
import type { Redis } from './client.js';

/** Each with its field in INFO (https://redis.io/docs/latest/commands/info/). The names are those of redis_exporter. */
const METRICS = [
  {
    declare: counter,
    field: 'evicted_keys',
    name: 'redis_evicted_keys_total',
    help: 'Keys evicted since Redis was started: images that were deleted early.',
  },
  {
    declare: gauge,
    field: 'used_memory',
    name: 'redis_memory_used_bytes',
    help: 'Memory used by data and buffers in Redis.',
  },
  {
    declare: gauge,
    field: 'maxmemory',
    name: 'redis_memory_max_bytes',
    help: 'The size at which Redis begins to evict. 0: no limit.',
  },
];

/** How long an answer is reused: all metrics of a page are read at once. */
const SHARED_MS = 1_000;

/** Declares the metrics of Redis's memory, read when metrics are requested. They have no values while Redis does not respond. */
export function declareRedisMetrics(redis: Redis): void {
  const info = shareFor(SHARED_MS, () => redis.info());
  for (const { declare, field, name, help } of METRICS) {
    declare({ name, help }, async () => {
      const value = new RegExp(`^${field}:(\\d+)`, 'm').exec(await info())?.[1];
      return value === undefined ? [] : [{ value: Number(value) }];
    });
  }
}
