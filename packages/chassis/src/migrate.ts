import { runner } from 'node-pg-migrate';
import { Client } from 'pg';
import type { PostgresConfig } from './config.js';
import type { Logger } from './logger.js';
import { connectionOptions } from './postgres.js';
import { retryForever } from './retry.js';

export interface MigrationOptions {
  config: PostgresConfig;
  /** The folder of numbered SQL files, absolute. */
  directory: string;
  /** The service's own schema; the record of what has run is kept there too. */
  schema: string;
  logger: Logger;
}

/**
 * Brings the service's schema up to date. Each file runs once, however many replicas start together: they queue for an
 * advisory lock. Waits for a database, and a role in it, that are not there yet.
 *
 * @throws what the database says when a migration itself is wrong
 */
export async function migrate({ config, directory, schema, logger }: MigrationOptions): Promise<void> {
  const connection = { ...connectionOptions(config), connectionTimeoutMillis: 2_000 };
  await retryForever(() => connectOnce(connection), {
    onRetry: (error, delayMs) => logger.warn({ err: error, retry_ms: delayMs }, 'waiting for PostgreSQL'),
  });
  const applied = await runner({
    databaseUrl: connection,
    dir: directory,
    direction: 'up',
    schema,
    migrationsTable: 'migrations',
    advisoryLockMode: 'wait',
    log: () => undefined,
  });
  logger.info({ applied: applied.map(({ name }) => name) }, 'database schema is up to date');
}

async function connectOnce(connection: object): Promise<void> {
  const client = new Client(connection);
  // An error after the connection is made comes as an event too; the next attempt will meet it again.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } finally {
    await client.end().catch(() => undefined);
  }
}
