import { Client, type QueryResultRow } from 'pg';
import { JOB_QUEUES } from '@millrace/contracts';
import { Redis } from 'ioredis';
import type { Stack } from '../../local/stack/stack.js';

/** Queries PostgreSQL as its administrator, over a new connection: there may have been a restart since the last one. */
export async function askPostgres<Row extends QueryResultRow>(
  { postgres: { host, port, database, user, password } }: Stack,
  sql: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new Client({
    ...{ host, port, database, user, password },
    options: '-c search_path=tasks',
    connectionTimeoutMillis: 5_000,
  });
  // The idle connection was lost; a query that runs into it rejects.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<Row>(sql, values);
    return rows;
  } finally {
    await client.end();
  }
}

/** Opens a Redis connection for `use`. @throws when Redis is not there */
export async function withRedis<T>({ redis: { url } }: Stack, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    commandTimeout: 5_000,
  });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

/** How many jobs are in the queues in Redis. */
export function queueDepth(stack: Stack): Promise<number> {
  return withRedis(stack, async (redis) => {
    const depths = await Promise.all(Object.values(JOB_QUEUES).map((queue) => redis.zcard(queue)));
    return depths.reduce((sum, depth) => sum + depth, 0);
  });
}
