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
  { name: 'postgres_pool_max_connections', help: 'The maximum size of the pool.' },
  ofEach('pool', pools, ({ pool }) => pool.options.max),
);
gauge(
  { name: 'postgres_pool_waiting', help: 'Statements waiting for a connection.' },
  ofEach('pool', pools, ({ waiting }) => waiting()),
);

/** Shows a pool in the metrics, including how many statements wait for its connections. */
export function countPool(name: string, pool: Figures['pool'], waiting: () => number): void {
  pools.set(name, { pool, waiting });
}
