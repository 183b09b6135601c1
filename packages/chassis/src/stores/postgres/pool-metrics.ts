import type { Pool } from 'pg';
import { gauge, ofEach } from '../../telemetry/metrics.js';

interface Figures {
  pool: Pick<Pool, 'totalCount' | 'idleCount' | 'options'>;
  waiting: () => number;
}

const pools = new Map<string, Figures>();

gauge({ name: 'postgres_pool_connections', help: 'Connections to PostgreSQL, idle and in use.' }, () =>
  [...pools].flatMap(([name, { pool }]) => [
    { labels: { pool: name, state: 'idle' }, value: pool.idleCount },
    { labels: { pool: name, state: 'used' }, value: pool.totalCount - pool.idleCount },
  ]),
);
gauge(
  { name: 'postgres_pool_max_connections', help: 'Connections that the pool may hold.' },
  ofEach('pool', pools, ({ pool }) => pool.options.max),
);
gauge(
  { name: 'postgres_pool_waiting', help: 'Statements that wait for a connection.' },
  ofEach('pool', pools, ({ waiting }) => waiting()),
);

/** Shows a pool, and how many wait for its connections, in the metrics. */
export function countPool(name: string, pool: Figures['pool'], waiting: () => number): void {
  pools.set(name, { pool, waiting });
}
