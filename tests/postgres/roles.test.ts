// The role that runs a service reads and writes rows. Only another role can change tables, and the service does not have its password.
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPostgres, migrate, type Postgres } from '@millrace/chassis/stores/postgres';
import { repositoryRoot } from '../../local/paths.js';
import { type PostgresServer, startPostgres } from '../../local/servers/postgres.js';
import { configOf } from '../support/postgres.js';
import { silentLogger } from '../support/service-basics.js';

const SERVICES = [
  { service: 'task-api', role: 'task_api', schema: 'tasks', table: 'jobs' },
  { service: 'user-api', role: 'user_api', schema: 'users', table: 'users' },
] as const;
type Service = (typeof SERVICES)[number];

let dataDir: string;
let server: PostgresServer;
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'millrace-roles-'));
  server = await startPostgres({ dataDir });
});
afterAll(async () => {
  await server.stop();
  rmSync(dataDir, { recursive: true });
});

/** Runs statements as a role, or as the administrator. */
async function as<T>(account: keyof PostgresServer['roles'] | 'admin', use: (db: Postgres) => Promise<T>) {
  const config = configOf(server, 'task-api', account === 'admin' ? 'task_api' : account);
  const admin = { POSTGRES_USER: server.user, POSTGRES_PASSWORD: server.password };
  const db = createPostgres({ ...config, ...(account === 'admin' && admin) }, silentLogger());
  try {
    return await use(db);
  } finally {
    await db.end();
  }
}

const migrationsOf = ({ service }: Service) => join(repositoryRoot, 'services', service, 'migrations');
const migrateAs = (account: keyof PostgresServer['roles'], { service, schema }: Service, directory: string) =>
  migrate({ config: configOf(server, service, account), directory, schema, logger: silentLogger() });

/** The owners of tables, functions and the like in a schema. */
const ownersIn = ({ schema }: Service) =>
  as('admin', (db) =>
    db.query<{ owner: string }>(
      `SELECT DISTINCT pg_get_userbyid(owner) AS owner FROM (
         SELECT relowner FROM pg_class WHERE relnamespace = $1::text::regnamespace
         UNION ALL SELECT proowner FROM pg_proc WHERE pronamespace = $1::text::regnamespace
         UNION ALL SELECT nspowner FROM pg_namespace WHERE nspname = $1::text) AS object (owner)`,
      [schema],
    ),
  );

describe.each(SERVICES)('$service', (one) => {
  const { role, schema, table } = one;

  it('is upgraded from a database in which it owned everything itself', async () => {
    // As in the previous release.
    await as('admin', (db) => db.query(`ALTER SCHEMA ${schema} OWNER TO ${role}`));
    const before = mkdtempSync(join(tmpdir(), 'millrace-migrations-'));
    const names = readdirSync(migrationsOf(one)).filter((name) => !name.startsWith('009'));
    for (const name of names) cpSync(join(migrationsOf(one), name), join(before, name));
    await migrateAs(role, one, before);
    rmSync(before, { recursive: true });
    expect(await ownersIn(one)).toEqual([{ owner: role }]);

    // Every start applies postgres/roles.sql.
    await server.stop();
    server = await startPostgres({ dataDir });
    expect(await ownersIn(one)).toEqual([{ owner: `${role}_migrate` }]);
    await migrateAs(`${role}_migrate`, one, migrationsOf(one));
    expect(await ownersIn(one)).toEqual([{ owner: `${role}_migrate` }]);
  });

  it.each([
    `CREATE TABLE ${schema}.mine ()`,
    `CREATE FUNCTION ${schema}.mine() RETURNS int LANGUAGE sql RETURN 1`,
    'CREATE TEMPORARY TABLE mine ()',
    'CREATE SCHEMA mine',
    'CREATE ROLE mine',
    `ALTER TABLE ${schema}.${table} ADD COLUMN mine text`,
    `ALTER TABLE ${schema}.${table} DISABLE TRIGGER ALL`,
    `DROP TABLE ${schema}.${table}`,
    `TRUNCATE ${schema}.${table} CASCADE`,
    `CREATE INDEX ON ${schema}.${table} (id)`,
    `INSERT INTO ${schema}.migrations (id, name, run_on) VALUES (0, '999_never', now())`,
    `UPDATE ${schema}.migrations SET name = name`,
    `DELETE FROM ${schema}.migrations`,
    `SET ROLE ${role}_migrate`,
    `DROP SCHEMA ${schema} CASCADE`,
    "COPY (SELECT 1) TO PROGRAM 'cat'",
    "SELECT pg_read_file('PG_VERSION')",
    'SELECT * FROM pg_authid',
  ])('may not: %s', async (statement) => {
    await expect(as(role, (db) => db.query(statement))).rejects.toMatchObject({ code: '42501' });
  });

  it('may read and write rows', async () => {
    await as(role, async (db) => {
      await db.query(`SELECT FROM ${schema}.${table} LIMIT 1`);
      await db.query(`UPDATE ${schema}.${table} SET id = id`);
      await db.query(`DELETE FROM ${schema}.${table}`);
    });
  });
});
