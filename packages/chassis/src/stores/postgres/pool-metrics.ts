import type { Pool } from 'pg';
import { gauge, ofEach } from '../../telemetry/metrics.js';

type Figures = Pick<Pool, 'totalCount' | 'idleCount' | 'waitingCount' | 'options'>;

const pools = new Map<string, Figures>();

gauge({ name: 'postgres_pool_connections', help: 'Connections to PostgreSQL, idle and in use.' }, () =>
  [...pools].flatMap(([pool, { totalCount, idleCount }]) => [
    { labels: { pool, state: 'idle' }, value: idleCount },
    { labels: { pool, state: 'used' }, value: totalCount - idleCount },
  ]),
);
gauge(
  { name: 'postgres_pool_max_connections', help: 'Connections that the pool may hold.' },
  ofEach('pool', pools, ({ options }) => options.max),
);
gauge(
  { name: 'postgres_pool_waiting', help: 'Statements that wait for a connection.' },
  ofEach('pool', pools, ({ waitingCount }) => waitingCount),
);

/** Shows a pool in the metrics. */
export function countPool(name: string, pool: Figures): void {
  pools.set(name, pool);
}
