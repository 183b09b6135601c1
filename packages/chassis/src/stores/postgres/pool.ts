import { createHash } from 'node:crypto';
import type { ConnectionOptions } from 'node:tls';
import { DatabaseError, Pool, type PoolClient, type QueryResultRow } from 'pg';
import type { PostgresConfig } from '../../process/config/config.js';
import { Unavailable } from '../../http/problem.js';
import type { Logger } from '../../process/log/logger.js';
import { currentContext, workMayHaveBegun } from '../../process/context/request-context.js';
import type { StoreTls } from '../../process/tls/tls.js';
import { createCheckout } from './checkout.js';
import { countPool } from './pool-metrics.js';
import { inSpan } from '../../telemetry/spans.js';
import { describeStatement } from './statement-span.js';

/** The part of a connection, or of the pool, that data access needs. */
export interface Queryable {
  /** @returns the rows. @throws Unavailable when the database does not respond in time; DatabaseError when it refuses */
  query<Row extends QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
}

export interface Postgres extends Queryable {
  /** Runs `work` in a transaction, which is rolled back when it throws. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  end(): Promise<void>;
}

/** The waits (connect, then the statement) add up to less than 5 s, the time within which a client must hear of a fault. */
const CONNECT_TIMEOUT_MS = 1_500;
const STATEMENT_TIMEOUT_MS = 2_500;
const ANSWER_TIMEOUT_MS = 3_000;
const IDLE_TIMEOUT_MS = 60_000;
/** How long a transaction may be idle. Otherwise a frozen process would keep its locks for as long as it is frozen. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 5_000;
/** How long the server waits for a client that acknowledges nothing, before it considers the connection dead. */
const TCP_USER_TIMEOUT_MS = 10_000;

export interface PoolOptions {
  /** In the metrics. Default: main. */
  name?: string;
  /** The maximum number of connections. Default: POSTGRES_POOL_SIZE. */
  size?: number;
  /** PostgreSQL settings for each connection, by name. */
  settings?: Record<string, string>;
}

/** A pool of connections. It needs none to be created, and recovers by itself: PostgreSQL may come, go and return. */
export function createPostgres(
  config: PostgresConfig,
  logger: Logger,
  { name = 'main', size = config.POSTGRES_POOL_SIZE, settings = {} }: PoolOptions = {},
): Postgres {
  const connection = connectionOptions(config);
  const own = Object.entries(settings).map(([name, value]) => ` -c ${name}=${value}`);
  const pool = new Pool({
    ...connection,
    options: connection.options + own.join(''),
    max: size,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    // A connection is expensive to open (a PostgreSQL process, a password hash), above all in the next burst.
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
  });
  // An idle connection that breaks is replaced at the next query; without a listener, the event would end the process.
  pool.on('error', (error) => logger.warn({ err: error }, 'lost an idle PostgreSQL connection'));
  // A connection also has no listener while it passes from one user to the next. A user of a broken one finds out with the first query.
  pool.on('connect', (client) => client.on('error', () => undefined));

  const connections = createCheckout(pool);
  countPool(name, pool, () => connections.waiting());
  const connect = () =>
    connections.take().catch((error: unknown) => {
      throw isServerFault(error) ? asUnavailable(error) : error;
    });

  const on = (client: PoolClient, onFault: (error: Error) => void): Queryable => ({
    async query<Row extends QueryResultRow>(text: string, values?: unknown[]) {
      try {
        const result = await inSpan(describeStatement, text, () =>
          client.query<Row>(values ? { name: nameOf(text), text, values } : text),
        );
        return result.rows;
      } catch (error) {
        if (!isServerFault(error)) throw error;
        onFault(error as Error);
        throw asUnavailable(error);
      }
    },
  });

  return {
    async query<Row extends QueryResultRow>(text: string, values?: unknown[]) {
      const client = await connect();
      let broken: Error | undefined;
      try {
        return await commits(isRead(text), () =>
          on(client, (error) => (broken = error)).query<Row>(text, values),
        );
      } finally {
        connections.giveBack(client, broken);
      }
    },
    async transaction(work) {
      const client = await connect();
      let broken: Error | undefined;
      const breaks = (error: Error) => {
        broken = error;
      };
      // The connection was lost between two statements; without a listener, the event would end the process.
      client.on('error', breaks);
      const tx = on(client, breaks);
      try {
        await tx.query('BEGIN');
        const result = await work(tx);
        await commits(false, () => tx.query('COMMIT'));
        return result;
      } catch (error) {
        // A broken connection is closed, which rolls back too. A hanging server would not respond to a ROLLBACK anyway.
        if (!broken) await tx.query('ROLLBACK').catch(breaks);
        throw error;
      } finally {
        client.off('error', breaks);
        connections.giveBack(client, broken);
      }
    },
    end: () => pool.end(),
  };
}

/**
 * Runs a statement that may change something for good, even if its response is lost. Only an error that keeps the connection open (not
 * FATAL) proves that the change was undone.
 */
async function commits<T>(isRead: boolean, statement: () => Promise<T>): Promise<T> {
  const effects = currentContext()?.effects;
  const had = effects?.begun ?? false;
  if (!isRead) workMayHaveBegun();
  try {
    return await statement();
  } catch (error) {
    const said = error instanceof Unavailable ? error.cause : error;
    if (effects && said instanceof DatabaseError && said.severity === 'ERROR') effects.begun = had;
    throw error;
  }
}

function isRead(text: string): boolean {
  return /^\s*SELECT\b/i.test(text);
}

const names = new Map<string, string>();

/**
 * A name under which a connection keeps the statement parsed and planned: for our statements, that is most of their cost. There must be few
 * statements: whatever varies belongs in their values.
 */
function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = createHash('sha256').update(text).digest('base64url');
    names.set(text, name);
  }
  return name;
}

export function connectionOptions(config: PostgresConfig) {
  return {
    host: config.POSTGRES_HOST,
    port: config.POSTGRES_PORT,
    database: config.POSTGRES_DB,
    user: config.POSTGRES_USER,
    password: config.POSTGRES_PASSWORD,
    // Set explicitly, so that PGSSLMODE, PGOPTIONS and the like, meant for other tools in the same shell, have no effect.
    ssl: config.tls ? sslOptions(config.POSTGRES_HOST, config.tls) : (false as const),
    options: `-c tcp_user_timeout=${TCP_USER_TIMEOUT_MS}`,
    application_name: 'millrace',
    client_encoding: 'UTF8',
  };
}

/** pg reads the context again for each connection. It would not check the name of a host that is an address without `host`. */
function sslOptions(host: string, tls: StoreTls): ConnectionOptions {
  return {
    host,
    get secureContext() {
      return tls.context();
    },
  };
}

/**
 * SQLSTATE classes that are about the server and not the statement (https://www.postgresql.org/docs/current/errcodes-appendix.html): 08
 * connection, 40 rolled back in favour of another transaction (deadlock), 53 resources, 57 operator intervention, 58 system error; and
 * 25006, a server that is read-only for now.
 */
const SERVER_FAULT = /^(08|40|53|57|58|25006)/;

/** Whether the database is at fault, and not the statement. */
export function isServerFault(error: unknown): boolean {
  if (error instanceof DatabaseError) return SERVER_FAULT.test(error.code ?? '');
  // Everything else that `pg` rejects with comes from the connection (refused, reset, ended, timed out), apart from our own mistakes.
  return !(error instanceof TypeError);
}

function asUnavailable(error: unknown): Unavailable {
  return new Unavailable('The database is not available right now. Try again in a moment.', { cause: error });
}

/** Whether it is the refusal of a second row with the same unique key. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '23505';
}

/**
 * Runs a statement on many rows at once. When PostgreSQL refuses it because of some rows, it splits them in halves until the others are
 * done.
 *
 * @returns for each row, in order, its result or why it was refused
 * @throws errors that are not the fault of a row
 */
export async function despiteRefusals<Row, Result>(
  rows: Row[],
  run: (rows: Row[]) => Promise<Result[]>,
): Promise<(Result | Error)[]> {
  try {
    return await run(rows);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    if (rows.length === 1) return [error];
    const middle = Math.ceil(rows.length / 2);
    const first = await despiteRefusals(rows.slice(0, middle), run);
    return first.concat(await despiteRefusals(rows.slice(middle), run));
  }
}
