import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import type { PostgresConfig } from '../../process/config/config.js';
import type { Logger } from '../../process/log/logger.js';
import { reasonOf } from '../../process/tls/reason.js';
import { connectionOptions, isServerFault } from './pool.js';
import { retryForever } from '../../work/retry.js';

/** How often a service asks whether its schema is up to date. */
const CURRENT_EVERY_MS = 200;
/** The table with the names of applied migrations, in the service's schema. */
const RECORD = 'migrations';

export interface MigrationOptions {
  config: PostgresConfig;
  /** The absolute path of the folder with the numbered SQL files. */
  directory: string;
  /** The service's own schema; the record of applied migrations is stored there too. */
  schema: string;
  logger: Logger;
  /** Stops waiting for a database that is not there. */
  signal?: AbortSignal;
}

/**
 * Brings the service's schema up to date. Each file runs once, however many replicas start together: they queue for an advisory lock. Waits
 * for a database, and a role in it, that do not exist yet, and starts over when the database goes away.
 *
 * @param options.config the account that owns the schema
 * @throws the database's error when a migration itself is wrong; AbortError when `signal` aborts while it waits
 */
export async function migrate({ directory, schema, ...connection }: MigrationOptions): Promise<void> {
  const applied = await connected(connection, async (client) => {
    const files = (await hasAll(client, directory, schema)) ? [] : await apply(client, directory, schema);
    await protectRecord(client, schema);
    return files;
  });
  connection.logger.info({ applied: applied.map(({ name }) => name) }, 'database schema is up to date');
}

/**
 * Waits until `migrate`, in another process, has brought the schema up to date.
 *
 * @throws AbortError when `signal` aborts
 */
export async function awaitMigrations(options: MigrationOptions): Promise<void> {
  const { directory, schema, ...connection } = options;
  const isCurrent = () => connected(connection, (client) => hasAll(client, directory, schema));
  for (let isFirst = true; !(await isCurrent()); isFirst = false) {
    if (isFirst) options.logger.info('waiting for the migrations of the database schema');
    await sleep(CURRENT_EVERY_MS, undefined, { signal: options.signal });
  }
}

async function apply(client: Client, directory: string, schema: string) {
  // Most starts have nothing to apply, and need not load a library as large as everything else together.
  const { runner } = await import('node-pg-migrate');
  return runner({
    dbClient: client,
    dir: directory,
    direction: 'up',
    schema,
    migrationsTable: RECORD,
    advisoryLockMode: 'wait',
    log: () => undefined,
  });
}

/**
 * Makes the record of applied migrations read-only for others: the service's role may write to every table that its owner creates
 * (postgres/roles.sql), including this one.
 */
async function protectRecord(client: Client, schema: string): Promise<void> {
  await client.query(`
    DO $$
    DECLARE
      role text;
    BEGIN
      -- One at a time: two that change the same privileges would disturb each other.
      LOCK TABLE ${schema}.${RECORD} IN SHARE ROW EXCLUSIVE MODE;
      FOR role IN
        SELECT DISTINCT grantee FROM information_schema.role_table_grants
         WHERE table_schema = '${schema}' AND table_name = '${RECORD}'
           AND grantee <> current_user AND privilege_type IN ('INSERT', 'UPDATE', 'DELETE')
      LOOP
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON ${schema}.${RECORD} FROM %I', role);
      END LOOP;
    END
    $$`);
}

/** Runs `work` on a connection, again and again while the server is the reason why it fails. */
async function connected<T>(
  { config, logger, signal }: Pick<MigrationOptions, 'config' | 'logger' | 'signal'>,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  let isUnavailable = false;

  const run = async () => {
    const client = new Client({ ...connectionOptions(config), connectionTimeoutMillis: 2_000 });
    isUnavailable = true;
    client.on('error', () => (isUnavailable = true));
    try {
      await client.connect();
      isUnavailable = false;
      return await work(client);
    } catch (error) {
      // A server that is shutting down reports it in place of a response.
      if (error instanceof DatabaseError && isServerFault(error)) isUnavailable = true;
      throw error;
    } finally {
      await client.end().catch(() => undefined);
    }
  };

  return retryForever(run, {
    ...(signal && { signal }),
    retryable: () => isUnavailable && !signal?.aborted,
    onRetry: (error, delayMs) =>
      logger.warn({ err: error, reason: reasonOf(error), retry_ms: delayMs }, 'waiting for PostgreSQL'),
  });
}

/** Whether every file is recorded as applied. The record is written in the transaction that applies the file. */
async function hasAll(client: Client, directory: string, schema: string): Promise<boolean> {
  const record = `${schema}.${RECORD}`;
  const { rows: found } = await client.query<{ exists: boolean }>(
    'SELECT to_regclass($1) IS NOT NULL AS exists',
    [record],
  );
  if (!found[0]?.exists) return false;
  const { rows } = await client.query<{ name: string }>(`SELECT name FROM ${record}`);
  const applied = new Set(rows.map(({ name }) => name));
  const files = (await readdir(directory)).filter((file) => file.endsWith('.sql'));
  return files.every((file) => applied.has(basename(file, '.sql')));
}
