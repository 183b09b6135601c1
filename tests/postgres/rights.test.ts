// Everything that a role may do, according to PostgreSQL's catalog. A new table, function or privilege must be added here, or the test fails.
import { createPostgres, migrate } from '@millrace/chassis/stores/postgres';
import { join } from 'node:path';
import { repositoryRoot } from '../../local/paths.js';
import { type PostgresServer, startPostgres } from '../../local/servers/postgres.js';
import { configOf } from '../support/postgres.js';
import { silentLogger } from '../support/service-basics.js';

const ROWS = 'SELECT, INSERT, UPDATE, DELETE';

/** By role: what it may do, and to what. */
const ALLOWED: Record<string, Record<string, string>> = {
  task_api: {
    'database millrace': 'CONNECT',
    'schema tasks': 'USAGE',
    'table tasks.api_keys': ROWS,
    'table tasks.idempotency_keys': ROWS,
    'table tasks.job_attempts': ROWS,
    'table tasks.job_completions': ROWS,
    'table tasks.job_counts': ROWS,
    'table tasks.job_inputs': ROWS,
    'table tasks.jobs': ROWS,
    'table tasks.migrations': 'SELECT',
    'table tasks.task_texts': ROWS,
    'table tasks.task_texts_missing': ROWS,
    'table tasks.tasks': ROWS,
    'view tasks.counted_jobs': ROWS,
    'function tasks.merge_task_texts, as its owner': 'EXECUTE',
  },
  user_api: {
    'database millrace': 'CONNECT',
    'schema users': 'USAGE',
    'table users.migrations': 'SELECT',
    'table users.users': ROWS,
  },
  metrics: {
    'database millrace': 'CONNECT',
    'role pg_monitor': 'MEMBER',
  },
};

/**
 * Every object outside PostgreSQL's own schemas, with a role's privileges on it, however they were granted. Functions only if they run with their
 * owner's privileges.
 */
const rightsOf = (role: string) => `
  WITH object (name, rights) AS (
    SELECT 'database ' || datname, ARRAY(
             SELECT priv FROM unnest(ARRAY['CONNECT', 'CREATE', 'TEMPORARY']) AS priv WHERE has_database_privilege('${role}', oid, priv))
      FROM pg_database WHERE datname = current_database()
    UNION ALL
    SELECT 'schema ' || nspname, ARRAY(
             SELECT priv FROM unnest(ARRAY['USAGE', 'CREATE']) AS priv WHERE has_schema_privilege('${role}', oid, priv))
      FROM pg_namespace
    UNION ALL
    SELECT CASE relkind WHEN 'v' THEN 'view ' ELSE 'table ' END || relnamespace::regnamespace || '.' || relname, ARRAY(
             SELECT priv FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN']) AS priv
              WHERE has_table_privilege('${role}', oid, priv)
                 OR priv IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') AND has_any_column_privilege('${role}', oid, priv))
      FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f')
    UNION ALL
    SELECT 'sequence ' || relnamespace::regnamespace || '.' || relname, ARRAY(
             SELECT priv FROM unnest(ARRAY['USAGE', 'SELECT', 'UPDATE']) AS priv WHERE has_sequence_privilege('${role}', oid, priv))
      FROM pg_class WHERE relkind = 'S'
    UNION ALL
    SELECT 'function ' || pronamespace::regnamespace || '.' || proname || ', as its owner', ARRAY['EXECUTE']
      FROM pg_proc
     WHERE prosecdef AND has_function_privilege('${role}', oid, 'EXECUTE') AND has_schema_privilege('${role}', pronamespace, 'USAGE')
    UNION ALL
    SELECT 'role ' || roleid::regrole, ARRAY['MEMBER'] FROM pg_auth_members WHERE member = '${role}'::regrole
    UNION ALL
    SELECT 'server', array_remove(ARRAY[
             CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END,
             CASE WHEN rolreplication THEN 'REPLICATION' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END], NULL)
      FROM pg_roles WHERE rolname = '${role}')
  SELECT name, array_to_string(rights, ', ') AS rights FROM object
   WHERE rights <> '{}' AND name !~ '^(schema|table|view|sequence|function) (pg_|information_schema)'`;

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
  for (const [service, role, schema] of [
    ['task-api', 'task_api_migrate', 'tasks'],
    ['user-api', 'user_api_migrate', 'users'],
  ] as const)
    await migrate({
      config: configOf(server, service, role),
      directory: join(repositoryRoot, 'services', service, 'migrations'),
      schema,
      logger: silentLogger(),
    });
});
afterAll(() => server.stop());

async function asAdministrator<Row extends object>(statement: string) {
  const admin = { POSTGRES_USER: server.user, POSTGRES_PASSWORD: server.password };
  const db = createPostgres({ ...configOf(server, 'task-api'), ...admin }, silentLogger());
  try {
    return await db.query<Row>(statement);
  } finally {
    await db.end();
  }
}

test.each(Object.keys(ALLOWED))('%s may do this and nothing else', async (role) => {
  const rows = await asAdministrator<{ name: string; rights: string }>(rightsOf(role));
  expect(Object.fromEntries(rows.map(({ name, rights }) => [name, rights]))).toEqual(ALLOWED[role]);
});

test('no other roles may connect, except the owners of the schemas and the administrator', async () => {
  const roles = await asAdministrator<{ rolname: string }>(
    'SELECT rolname FROM pg_roles WHERE rolcanlogin ORDER BY rolname',
  );
  expect(roles.map(({ rolname }) => rolname)).toEqual(
    [...Object.keys(ALLOWED), 'task_api_migrate', 'user_api_migrate', 'postgres'].sort(),
  );
});
