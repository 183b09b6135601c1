export { createPostgresCheck, type PostgresCheck } from './health.js';
export * from './json-sql.js';
export { migrate } from './migrate.js';
export { createPostgres, despiteRefusals, isUniqueViolation, type Postgres, type Queryable } from './pool.js';
