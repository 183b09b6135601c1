import type { Logger, PostgresConfig } from '@millrace/chassis/process';
import { createPostgres, type Postgres } from '@millrace/chassis/stores/postgres';

/**
 * The connections for lists, searches and the summary: few, so that other requests always get theirs. Their statements read a page from an
 * index that has the right order. These settings make PostgreSQL do that: it does not know how short a page is, and might decide to read
 * everything. Statements are planned once, as planning takes longer than reading.
 */
export function createListPool(
  config: PostgresConfig & { POSTGRES_LIST_POOL_SIZE: number },
  logger: Logger,
): Postgres {
  return createPostgres(config, logger, {
    name: 'lists',
    size: config.POSTGRES_LIST_POOL_SIZE,
    settings: {
      plan_cache_mode: 'force_generic_plan',
      enable_seqscan: 'off',
      enable_sort: 'off',
      enable_hashjoin: 'off',
      enable_mergejoin: 'off',
      max_parallel_workers_per_gather: '0',
      jit: 'off',
    },
  });
}
