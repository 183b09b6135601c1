import type { Composed } from '../compose/docker.js';

/**
 * Does `ask` again and again, so many times at once. What fails is what it is for.
 *
 * @returns a function that ends it
 */
export function keepAsking(ask: () => Promise<unknown>, atOnce: number): () => Promise<unknown> {
  let goesOn = true;
  const asking = Array.from({ length: atOnce }, async () => {
    while (goesOn) await ask().catch(() => undefined);
  });
  return () => {
    goesOn = false;
    return Promise.all(asking);
  };
}

/** Longer than any alert takes. */
const LOCKS_FOR_S = 240;

/** Locks a table, again after a pause. @returns a function that ends it */
export function lockTable(
  { compose }: Pick<Composed, 'compose'>,
  table: string,
  { seconds, pauseSeconds }: { seconds: number; pauseSeconds: number },
): () => Promise<unknown> {
  const once = `BEGIN; LOCK TABLE ${table}; SELECT pg_sleep(${seconds}); COMMIT; SELECT pg_sleep(${pauseSeconds});`;
  const locking = compose(
    'run',
    '--rm',
    '-T',
    'psql',
    'psql',
    '-q',
    '-c',
    once.repeat(LOCKS_FOR_S / seconds),
  ).catch(() => undefined);
  return async () => {
    const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%LOCK TABLE ${table}%' AND pid <> pg_backend_pid()`;
    await compose('run', '--rm', '-T', 'psql', 'psql', '-q', '-c', end);
    await locking;
  };
}
