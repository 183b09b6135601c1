import type { Logger, PostgresConfig } from '@millrace/chassis/process';
import { createPostgres, type Postgres } from '@millrace/chassis/stores/postgres';
import { PLANNED_ONCE } from '../main-pool.js';

/**
 * The connections for lists, searches and the summary: few, so that other requests always get theirs. Their statements read a page from an
 * index that has the right order. These settings make PostgreSQL do that: it does not know how short a page is, and might decide to read
 * everything.
 */
export function createListPool(
  config: PostgresConfig & { POSTGRES_LIST_POOL_SIZE: number },
  logger: Logger,
): Postgres {
  return createPostgres(config, logger, {
    name: 'lists',
    size: config.POSTGRES_LIST_POOL_SIZE,
    settings: { ...PLANNED_ONCE, enable_sort: 'off', max_parallel_workers_per_gather: '0' },
  });
}
