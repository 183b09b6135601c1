import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { repositoryRoot } from '../../../../../local/paths.js';
import { type PostgresServer, startPostgres } from '../../../../../local/servers/postgres.js';
import { openLink } from '../../../../../tests/support/link.js';
import { configOf } from '../../../../../tests/support/postgres.js';
import { silentLogger } from '../../../../../tests/support/service-basics.js';
import { until } from '../../../../../tests/support/until.js';
import { awaitMigrations, migrate } from './migrate.js';
import { createPostgres } from './pool.js';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

const migrations = {
  directory: join(repositoryRoot, 'services/task-api/migrations'),
  schema: 'tasks',
  logger: silentLogger(),
};

it('waits for a database that does not exist yet; ten concurrent runs apply each file once', async () => {
  const link = await openLink(server.port);
  await link.cut();
  const config = { ...configOf(server, 'task-api', 'task_api_migrate'), POSTGRES_PORT: link.port };
  const runs = Array.from({ length: 10 }, () => migrate({ config, ...migrations }));
  await link.mend();
  await Promise.all(runs);

  const db = createPostgres(config, silentLogger());
  try {
    const applied = await db.query<{ name: string }>('SELECT name FROM migrations ORDER BY id');
    const names = applied.map(({ name }) => name);
    expect(names[0]).toBe('001_create-tasks-and-jobs');
    expect(new Set(names).size).toBe(names.length);
  } finally {
    await db.end();
    await link.close();
  }
});

it('returns at once when everything is applied, and applies what a later release adds', async () => {
  const config = configOf(server, 'task-api', 'task_api_migrate');
  const directory = mkdtempSync(join(tmpdir(), 'millrace-migrations-'));
  const db = createPostgres(config, silentLogger());
  try {
    cpSync(migrations.directory, directory, { recursive: true });
    await migrate({ ...migrations, config, directory });
    // node-pg-migrate's lock, as another replica holds it while it applies a migration.
    await db.query('SELECT pg_advisory_lock(7241865325823964)');
    await migrate({ ...migrations, config, directory });
    await db.query('SELECT pg_advisory_unlock_all()');

    writeFileSync(join(directory, '999_later.sql'), '-- Up Migration\nCREATE TABLE later ();');
    await migrate({ ...migrations, config, directory });
    expect(await db.query(`SELECT to_regclass('tasks.later') IS NOT NULL AS there`)).toEqual([
      { there: true },
    ]);
    await db.query(`DROP TABLE tasks.later`);
    await db.query(`DELETE FROM tasks.migrations WHERE name = '999_later'`);
  } finally {
    await db.end();
    rmSync(directory, { recursive: true });
  }
});

it('waits for a role that does not exist yet', async () => {
  const config = configOf(server, 'user-api', 'user_api_migrate');
  const admin = createPostgres(
    { ...config, POSTGRES_USER: server.user, POSTGRES_PASSWORD: server.password },
    silentLogger(),
  );
  const directory = join(repositoryRoot, 'services/user-api/migrations');
  try {
    await admin.query('ALTER ROLE user_api_migrate RENAME TO nobody_yet');
    const logger = silentLogger();
    const warnings = jest.spyOn(logger, 'warn');
    const run = migrate({ ...migrations, logger, config, directory, schema: 'users' });
    await until('it has been refused twice', () => warnings.mock.calls.length >= 2);
    await admin.query('ALTER ROLE nobody_yet RENAME TO user_api_migrate');
    await run;
  } finally {
    await admin.end();
  }
});

it('says what is wrong with a migration', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-migrations-'));
  try {
    cpSync(join(repositoryRoot, 'services/user-api/migrations'), directory, { recursive: true });
    writeFileSync(join(directory, '999_wrong.sql'), 'CREATE TABEL wrong ();');
    const run = migrate({
      ...migrations,
      config: configOf(server, 'user-api', 'user_api_migrate'),
      directory,
      schema: 'users',
    });
    await expect(run).rejects.toThrow('syntax error at or near "TABEL"');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

it('lets a service wait until another process has migrated its schema', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-migrations-'));
  try {
    cpSync(join(repositoryRoot, 'services/user-api/migrations'), directory, { recursive: true });
    const options = { ...migrations, directory, schema: 'users' };
    const asOwner = { ...options, config: configOf(server, 'user-api', 'user_api_migrate') };
    const asService = { ...options, config: configOf(server, 'user-api') };
    await migrate(asOwner);
    await awaitMigrations(asService);

    writeFileSync(join(directory, '999_later.sql'), '-- Up Migration\nCREATE TABLE later ();');
    let isReady = false;
    const waiting = awaitMigrations(asService).then(() => (isReady = true));
    await sleep(500);
    expect(isReady).toBe(false);
    await migrate(asOwner);
    await waiting;
    const stopping = new AbortController();
    writeFileSync(join(directory, '999_never.sql'), '-- Up Migration\nCREATE TABLE never ();');
    const stopped = awaitMigrations({ ...asService, signal: stopping.signal });
    stopping.abort();
    await expect(stopped).rejects.toThrow(/abort/i);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
