import { Socket } from 'node:net';
import { Client } from 'pg';
import type { PostgresConfig } from '../../process/config/config.js';
import type { DependencyCheck } from '../../http/health.js';
import { connectionOptions } from './pool.js';

export interface PostgresCheck extends DependencyCheck {
  /** Closes the connection at once. Idempotent. */
  close(): void;
}

/** After this time, nobody is waiting for the check. */
const CONNECT_TIMEOUT_MS = 2_000;
const ANSWER_TIMEOUT_MS = 3_000;

/**
 * Checks whether PostgreSQL can do what requests need, and leaves nothing behind. It uses its own connection, opened at the first check and
 * after each failure: requests may occupy the whole pool, and should not have to wait for the check. One check runs at a time.
 *
 * @param table one that the service writes to
 */
export function createPostgresCheck(config: PostgresConfig, table: string): PostgresCheck {
  const work = workLikeARequest(table);
  let connection: Promise<Client> | undefined;
  let socket: Socket | undefined;
  let underWay: Promise<unknown> | undefined;

  const drop = () => {
    socket?.destroy();
    socket = connection = undefined;
  };

  const connect = async () => {
    const own = (socket = new Socket());
    const client = new Client({
      ...connectionOptions(config),
      stream: () => own,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: ANSWER_TIMEOUT_MS,
    });
    client.on('error', () => {
      if (socket === own) drop();
    });
    await client.connect();
    return client;
  };

  const check = async () => {
    try {
      const client = await (connection ??= connect());
      await client.query(work);
    } catch (error) {
      drop();
      throw error;
    }
  };

  return {
    name: 'postgres',
    check: () => (underWay ??= check().finally(() => (underWay = undefined))),
    close: drop,
  };
}

/**
 * Fails on a server that is read-only (FOR UPDATE), has no room on its disk (a result of 1 MB goes to a temporary file when work_mem cannot
 * hold it), or cannot write and flush its log (a message to nobody, committed).
 */
function workLikeARequest(table: string): string {
  return `BEGIN;
    SELECT FROM ${table} WHERE false FOR UPDATE;
    SET LOCAL work_mem = '64kB';
    SELECT count(*) FROM generate_series(1, 50000);
    SELECT pg_logical_emit_message(true, 'health', '');
    COMMIT`;
}
