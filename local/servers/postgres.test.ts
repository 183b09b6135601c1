import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { isReachable } from './postgres-account.js';
import { startPostgres, type Credentials, type PostgresServer } from './postgres.js';
import { temporaryFolder } from '../supervise/test-support.js';
import { until } from '../../tests/support/until.js';

async function query(server: PostgresServer, account: Credentials, text: string): Promise<unknown[]> {
  const client = new Client({ host: server.host, port: server.port, database: server.database, ...account });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

describe('PostgreSQL with a data folder', () => {
  let dataDir: string;
  let server: PostgresServer;

  beforeAll(async () => {
    dataDir = temporaryFolder();
    // What an initdb leaves behind when it is killed.
    mkdirSync(join(dataDir, 'postgres.new-abc123', 'cluster'), { recursive: true });
    server = await startPostgres({ dataDir });
  });

  afterAll(async () => {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  test('has the settings that the services rely on', async () => {
    const rows = await query(
      server,
      server,
      `SELECT name, setting FROM pg_settings
       WHERE name IN ('fsync', 'listen_addresses', 'max_connections', 'server_encoding', 'TimeZone', 'unix_socket_directories')
       ORDER BY name COLLATE "C"`,
    );
    expect(rows).toEqual([
      { name: 'TimeZone', setting: 'UTC' },
      { name: 'fsync', setting: 'on' },
      { name: 'listen_addresses', setting: '127.0.0.1' },
      { name: 'max_connections', setting: '200' },
      { name: 'server_encoding', setting: 'UTF8' },
      { name: 'unix_socket_directories', setting: '' },
    ]);
  });

  test('removes what an interrupted initialisation left', () => {
    expect(readdirSync(dataDir).filter((name) => name.includes('.new'))).toEqual([]);
  });

  test('keeps its passwords from other users, and refuses wrong ones', async () => {
    expect(statSync(join(dataDir, 'secrets.json')).mode & 0o777).toBe(0o600);
    const wrong = query(server, { user: 'task_api', password: 'wrong' }, 'SELECT 1');
    await expect(wrong).rejects.toThrow('password authentication failed');
  });

  test("lets a service see its own schema and not another's", async () => {
    const { task_api_migrate: owner, task_api: tasks, user_api: users } = server.roles;
    await query(server, owner, 'CREATE TABLE private (id int)');
    expect(await query(server, tasks, 'SELECT FROM tasks.private')).toEqual([]);
    await expect(query(server, users, 'SELECT FROM tasks.private')).rejects.toThrow(
      'permission denied for schema tasks',
    );
    await expect(query(server, users, 'CREATE TABLE public.x (id int)')).rejects.toThrow('permission denied');
  });

  test('keeps what was committed when it is killed, and when it is stopped and started', async () => {
    await query(server, server, 'CREATE TABLE kept (id int)');
    await query(server, server, 'INSERT INTO kept VALUES (1)');
    server.process.kill('SIGKILL');
    await until('the kill was noticed', () => server.process.unexpectedExits >= 1);
    const rows = () => query(server, server, 'SELECT id FROM kept').catch(() => []);
    await until('the row is back', async () => (await rows()).length === 1);

    await server.stop();
    server = await startPostgres({ dataDir });
    expect(await rows()).toEqual([{ id: 1 }]);
  });

  test('says what to do when the passwords were lost', async () => {
    await server.stop();
    rmSync(join(dataDir, 'secrets.json'));
    await expect(startPostgres({ dataDir })).rejects.toThrow(
      `Restore that file, or remove ${dataDir} to start over.`,
    );
  });
});

test('does not touch incomplete data, and says what to do', async () => {
  const dataDir = temporaryFolder();
  mkdirSync(join(dataDir, 'postgres', 'base'), { recursive: true });
  await expect(startPostgres({ dataDir })).rejects.toThrow(
    'is not a complete database: it has files, but no PG_VERSION. Restore it from a backup, or remove it to start over.',
  );
  expect(readdirSync(join(dataDir, 'postgres'))).toEqual(['base']);
  rmSync(dataDir, { recursive: true });
});

test('leaves nothing behind when it has no data folder', async () => {
  const lines: string[] = [];
  const server = await startPostgres({ onLine: (_source, line) => lines.push(line) });
  const [row] = await query(server, server, 'SHOW data_directory');
  await server.stop();
  const { data_directory: folder } = row as { data_directory: string };
  expect(() => statSync(join(folder, '..'))).toThrow('ENOENT');
  // Its end is known before its last line has been read.
  await until('it says so', () => lines.some((line) => line.includes('database system is shut down')));
});

test('cancels a start that is no longer needed', async () => {
  await expect(startPostgres({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
});

test('knows which folders every user can access', () => {
  const folder = temporaryFolder();
  const closed = join(folder, 'closed');
  mkdirSync(join(closed, 'inner'), { recursive: true, mode: 0o700 });
  expect(isReachable(folder)).toBe(true);
  expect(isReachable(join(folder, 'not', 'there'))).toBe(true);
  expect(isReachable(join(closed, 'inner'))).toBe(false);
  rmSync(folder, { recursive: true });
});
