import { Client } from 'pg';
import { eventually } from '../../../../../tests/support/eventually.js';
import { FAULT_ANSWER_MS } from '../../../../../tests/support/fault-time.js';
import { startTestPostgres, type TestPostgres } from '../../../../../tests/support/postgres.js';
import { checkHealth } from '../../http/health.js';
import { createPostgresCheck } from './health.js';

let postgres: TestPostgres;
let administrator: Client;
beforeAll(async () => {
  postgres = await startTestPostgres('task-api');
  const { host, port, database, user, password } = postgres.server;
  administrator = new Client({ host, port, database, user, password });
  await administrator.connect();
});
afterAll(async () => {
  await administrator.end();
  await postgres.stop();
});
afterEach(async () => {
  await postgres.link.mend();
  await eventually(async () => expect(await status()).toBe('healthy'));
});

const status = async () => (await checkHealth({ service: 'x', pod: 'x-1', checks: [postgres.check] })).status;
const ask = async (sql: string) => (await administrator.query<Record<string, string>>(sql)).rows[0]!;
/** The connections of a service's role. */
const connections = async () =>
  Number((await ask(`SELECT count(*) FROM pg_stat_activity WHERE usename = 'task_api'`))['count']);

it('writes to the log and to the disk, and leaves nothing behind', async () => {
  await postgres.check.check();
  const written = () => ask('SELECT pg_current_wal_flush_lsn() AS wal');
  const temporary = () => ask('SELECT temp_bytes FROM pg_stat_database WHERE datname = current_database()');
  const tables = () =>
    ask(
      'SELECT coalesce(sum(pg_total_relation_size(oid)), 0) AS bytes FROM pg_class WHERE relkind = $$r$$ AND relnamespace = $$tasks$$::regnamespace',
    );
  const before = { ...(await written()), ...(await temporary()), ...(await tables()) };
  await postgres.check.check();
  expect((await written())['wal']).not.toBe(before['wal']);
  expect(await tables()).toEqual({ bytes: before['bytes'] });
  await eventually(async () => {
    const more = Number((await temporary())['temp_bytes']) - Number(before['temp_bytes']);
    expect(more).toBeGreaterThan(500_000);
    expect(more).toBeLessThan(4_000_000);
  });
  expect(await ask('SELECT count(*) FROM pg_ls_tmpdir()')).toEqual({ count: '0' });
});

it('fails on a server that is read-only, though it answers reads', async () => {
  const endSessions = () =>
    ask(`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'task_api'`);
  await administrator.query('ALTER SYSTEM SET default_transaction_read_only = on');
  await ask('SELECT pg_reload_conf()');
  await endSessions();
  await eventually(async () => {
    expect(await postgres.db.query('SELECT count(*)::int FROM jobs')).toEqual([{ count: 0 }]);
    expect(await status()).toBe('unhealthy');
    await expect(postgres.check.check()).rejects.toThrow(
      'cannot execute SELECT FOR UPDATE in a read-only transaction',
    );
  });
  await administrator.query('SET default_transaction_read_only = off');
  await administrator.query('ALTER SYSTEM RESET default_transaction_read_only');
  await ask('SELECT pg_reload_conf()');
});

it('uses no connection of the pool', async () => {
  let end = () => {};
  const gate = new Promise<void>((resolve) => (end = resolve));
  const taken = Array.from({ length: postgres.config.POSTGRES_POOL_SIZE }, () =>
    postgres.db.transaction(() => gate),
  );
  await eventually(async () => expect(await connections()).toBe(postgres.config.POSTGRES_POOL_SIZE + 1));
  expect(await status()).toBe('healthy');
  end();
  await Promise.all(taken);
});

it.each([
  ['is away', () => postgres.link.cut()],
  ['hangs', () => postgres.link.freeze()],
])('fails in time on a server that %s, and keeps at most one connection', async (_case, damage) => {
  expect(await status()).toBe('healthy');
  const before = await connections();
  await damage();
  for (let time = 0; time < 3; time += 1) {
    const begun = performance.now();
    expect(await Promise.all(Array.from({ length: 20 }, status))).toEqual(Array(20).fill('unhealthy'));
    expect(performance.now() - begun).toBeLessThan(FAULT_ANSWER_MS);
  }
  await postgres.link.mend();
  await eventually(async () => expect(await status()).toBe('healthy'));
  // The server notices a moment later that the others are gone.
  await eventually(async () => expect(await connections()).toBeLessThanOrEqual(before));
});

it('closes its connection at once, even on a server that hangs', async () => {
  const check = createPostgresCheck(postgres.config, 'jobs');
  await check.check();
  const before = await connections();
  await postgres.link.freeze();
  check.close();
  await postgres.link.mend();
  await eventually(async () => expect(await connections()).toBe(before - 1));
});
