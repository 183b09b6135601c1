// Actions that provoke alerts: each does something to the composed stack, and returns a function that undoes it.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Composed } from '../compose/docker.js';

type Undo = () => Promise<unknown>;

/** Longer than the test waits for any alert. */
const AT_MOST_S = 600;

/** Repeats `ask`, several at a time, each after a pause. Failures are intended. */
export function keepAsking(ask: () => Promise<unknown>, { atOnce, pauseMs = 0 }: Pace): Undo {
  let goesOn = true;
  const asking = Array.from({ length: atOnce }, async () => {
    while (goesOn) {
      await ask().catch(() => undefined);
      await sleep(pauseMs);
    }
  });
  return () => {
    goesOn = false;
    return Promise.all(asking);
  };
}

export interface Pace {
  atOnce: number;
  pauseMs?: number;
}

/** Stops a service or server of the stack. */
export async function stop(stack: Composed, service: string): Promise<Undo> {
  await stack.compose('stop', '--timeout', '1', service);
  return () => stack.compose('start', service);
}

/** Repeatedly locks a table for some seconds; waiting statements run in between. */
export function lockTable(stack: Composed, table: string, seconds: number): Undo {
  const once = `BEGIN; LOCK TABLE ${table}; SELECT pg_sleep(${seconds}); COMMIT;`;
  const locking = psql(stack, 'psql', '-q', '-c', once.repeat(AT_MOST_S / seconds));
  return async () => {
    await endStatements(stack, `LOCK TABLE ${table}`);
    await locking.catch(() => undefined);
  };
}

/** Opens idle connections to PostgreSQL. */
export function holdConnections(stack: Composed, count: number): Undo {
  const statement = `SELECT pg_sleep(${AT_MOST_S})`;
  const bench = `pgbench --no-vacuum --client ${count} --transactions 1 --file -`;
  const holding = psql(stack, 'sh', '-c', `echo '${statement};' | ${bench}`);
  return async () => {
    await endStatements(stack, statement);
    await holding.catch(() => undefined);
  };
}

/** Fills Redis with a key that cannot be evicted. */
export async function fillRedis(stack: Composed, bytes: number): Promise<Undo> {
  await redisCli(stack, `SETRANGE ballast ${bytes} x`);
  return () => redisCli(stack, 'DEL ballast');
}

function redisCli(stack: Composed, command: string): Promise<string> {
  const cli = `REDISCLI_AUTH=$(cat /run/secrets/password) redis-cli -e --user admin ${command}`;
  return stack.compose('exec', '-T', 'redis', 'sh', '-c', cli);
}

/** Runs a program of PostgreSQL's image, as the administrator. */
function psql(stack: Composed, ...command: string[]): Promise<string> {
  return stack.compose('run', '--rm', '-T', 'psql', ...command);
}

function endStatements(stack: Composed, text: string): Promise<string> {
  const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%${text}%' AND pid <> pg_backend_pid()`;
  return psql(stack, 'psql', '-q', '-c', end);
}
