import { createHash } from 'node:crypto';
import { DatabaseError, Pool, type PoolClient, type QueryResultRow } from 'pg';
import type { PostgresConfig } from '../../process/config.js';
import { Unavailable } from '../../http/problem.js';
import type { Logger } from '../../process/logger.js';
import { currentContext, workMayHaveBegun } from '../../process/request-context.js';
import { inSpan } from '../../telemetry/spans.js';
import { describeStatement } from './statement-span.js';

/** The part of a connection, or of the pool, that data access needs. */
export interface Queryable {
  /** @returns the rows. @throws Unavailable when the database does not answer in time; DatabaseError when it refuses */
  query<Row extends QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
}

export interface Postgres extends Queryable {
  /** Runs `work` in a transaction, rolled back when it throws. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  end(): Promise<void>;
}

/** Waits add up to less than 5 s, the time in which a client is to hear of a fault: connect, then the statement. */
const CONNECT_TIMEOUT_MS = 1_500;
const STATEMENT_TIMEOUT_MS = 2_500;
const ANSWER_TIMEOUT_MS = 3_000;
const IDLE_TIMEOUT_MS = 60_000;
/** How long a transaction may stand still. A frozen process would else keep its locks for as long as it stays frozen. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 5_000;
/** How long the server waits for a client that acknowledges nothing, before it takes the connection for dead. */
const TCP_USER_TIMEOUT_MS = 10_000;

export interface PoolOptions {
  /** The most connections. Default: POSTGRES_POOL_SIZE. */
  size?: number;
  /** Settings of PostgreSQL's for each connection, by name. */
  settings?: Record<string, string>;
}

/** A pool of connections. It is made without one and mends itself: PostgreSQL may come, go and return. */
export function createPostgres(
  config: PostgresConfig,
  logger: Logger,
  { size = config.POSTGRES_POOL_SIZE, settings = {} }: PoolOptions = {},
): Postgres {
  const connection = connectionOptions(config);
  const own = Object.entries(settings).map(([name, value]) => ` -c ${name}=${value}`);
  const pool = new Pool({
    ...connection,
    options: connection.options + own.join(''),
    max: size,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    // A connection is dear to open (a process of PostgreSQL's, a password's hash), most of all in the next burst.
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
  });
  // An idle connection that breaks is replaced at the next query; unheard, the event would end the process.
  pool.on('error', (error) => logger.warn({ err: error }, 'lost an idle PostgreSQL connection'));
  // Nor has a connection a listener while it passes from one user to the next. Whoever gets it broken hears of that from it.
  pool.on('connect', (client) => client.on('error', () => undefined));

  const connect = () =>
    pool.connect().catch((error: unknown) => {
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
        client.release(broken);
      }
    },
    async transaction(work) {
      const client = await connect();
      let broken: Error | undefined;
      const breaks = (error: Error) => {
        broken = error;
      };
      // The loss of the connection between two statements; unheard, the event would end the process.
      client.on('error', breaks);
      const tx = on(client, breaks);
      try {
        await tx.query('BEGIN');
        const result = await work(tx);
        await commits(false, () => tx.query('COMMIT'));
        return result;
      } catch (error) {
        // A broken connection is closed, which undoes as well. To a ROLLBACK, a server that hangs would not answer either.
        if (!broken) await tx.query('ROLLBACK').catch(breaks);
        throw error;
      } finally {
        client.off('error', breaks);
        client.release(broken);
      }
    },
    end: () => pool.end(),
  };
}

/**
 * Runs a statement after which something may have changed for good, also when its answer is lost. Only an error that leaves the
 * connection as it is (not FATAL) says for sure that it was undone.
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
 * A name under which a connection keeps the statement parsed and planned: for ours, that is most of what they cost. Statements
 * have to be few: what varies belongs in their values.
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
    // Said here, so that PGSSLMODE, PGOPTIONS and the like, meant for the tools of whoever starts us, say nothing.
    ssl: false,
    options: `-c tcp_user_timeout=${TCP_USER_TIMEOUT_MS}`,
    application_name: 'millrace',
    client_encoding: 'UTF8',
  };
}

/**
 * SQLSTATE classes that speak of the server and not of the statement
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html): 08 connection, 40 rolled back for the sake of another
 * (deadlock), 53 resources, 57 operator intervention, 58 system error; and 25006, a server that is read-only for now.
 */
const SERVER_FAULT = /^(08|40|53|57|58|25006)/;

/** Is it the database that is at fault, and not what was asked of it? */
export function isServerFault(error: unknown): boolean {
  if (error instanceof DatabaseError) return SERVER_FAULT.test(error.code ?? '');
  // What else `pg` rejects with comes from the connection (refused, reset, ended, timed out), but for our own mistakes.
  return !(error instanceof TypeError);
}

function asUnavailable(error: unknown): Unavailable {
  return new Unavailable('The database is not available right now. Try again in a moment.', { cause: error });
}

/** Is it the refusal of a second row with the same unique key? */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '23505';
}

/**
 * Runs a statement on many rows at once. When PostgreSQL refuses it because of some of them, the others are done all the same, in halves.
 *
 * @returns for each row, in their order, its result or why it was refused
 * @throws what is not the fault of a row
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
