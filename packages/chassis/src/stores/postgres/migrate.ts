import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { Client, DatabaseError } from 'pg';
import type { PostgresConfig } from '../../process/config.js';
import type { Logger } from '../../process/logger.js';
import { reasonOf } from '../../process/tls/reason.js';
import { connectionOptions, isServerFault } from './pool.js';
import { retryForever } from '../../work/retry.js';

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
 * @throws the database's error when a migration itself is wrong; AbortError when `signal` aborts while it waits
 */
export async function migrate({
  config,
  directory,
  schema,
  logger,
  signal,
}: MigrationOptions): Promise<void> {
  let isUnavailable = false;

  const run = async () => {
    const client = new Client({ ...connectionOptions(config), connectionTimeoutMillis: 2_000 });
    isUnavailable = true;
    client.on('error', () => (isUnavailable = true));
    try {
      await client.connect();
      isUnavailable = false;
      if (await hasAll(client, directory, schema)) return [];
      // Most starts have nothing to apply, and need not load a library as large as everything else together.
      const { runner } = await import('node-pg-migrate');
      return await runner({
        dbClient: client,
        dir: directory,
        direction: 'up',
        schema,
        migrationsTable: 'migrations',
        advisoryLockMode: 'wait',
        log: () => undefined,
      });
    } catch (error) {
      // A server that is shutting down reports it in place of a response.
      if (error instanceof DatabaseError && isServerFault(error)) isUnavailable = true;
      throw error;
    } finally {
      await client.end().catch(() => undefined);
    }
  };

  const applied = await retryForever(run, {
    ...(signal && { signal }),
    retryable: () => isUnavailable && !signal?.aborted,
    onRetry: (error, delayMs) =>
      logger.warn({ err: error, reason: reasonOf(error), retry_ms: delayMs }, 'waiting for PostgreSQL'),
  });
  logger.info({ applied: applied.map(({ name }) => name) }, 'database schema is up to date');
}

/** Whether every file is recorded as applied. The record is written in the transaction that applies the file. */
async function hasAll(client: Client, directory: string, schema: string): Promise<boolean> {
  const record = `${schema}.migrations`;
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
