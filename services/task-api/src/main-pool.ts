import type { Logger, PostgresConfig } from '@millrace/chassis/process';
import { createPostgres, type Postgres } from '@millrace/chassis/stores/postgres';

/**
 * Settings for statements that find a few rows by an index, however much a table holds. Each connection plans them once, as planning takes
 * longer than running. By itself PostgreSQL would plan most of them again each time: it expects ten ids in an array that it does not know, so
 * a plan for the one or two ids of the moment looks cheaper. A plan that is kept must not read a whole table, which may have been small when
 * it was made.
 */
export const PLANNED_ONCE = {
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
};

/** The connections for everything but lists. */
export function createMainPool(config: PostgresConfig, logger: Logger): Postgres {
  return createPostgres(config, logger, { settings: PLANNED_ONCE });
}
