export { createPostgresCheck, type PostgresCheck } from './health.js';
export * from './json-sql.js';
export { awaitMigrations, migrate } from './migrate.js';
export { openFirst } from './open-first.js';
export { createPostgres, despiteRefusals, isUniqueViolation, type Postgres, type Queryable } from './pool.js';
export { runMigrations } from './run-migrations.js';
