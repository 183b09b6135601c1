import { Client } from 'pg';
import type { Stack } from '../../local/stack/stack.js';
import type { Contestant } from './contestant.js';
import type { Bench } from './row.js';
import { until } from '../support/until.js';

const DEADLINE_MS = 300_000;
const NO_JOB = '00000000-0000-0000-0000-000000000000';

/** This product's queue. PostgreSQL says when the jobs are done, and that each one is. */
export function millraceQueue(
  { signal }: Pick<Bench, 'signal'>,
  stack: Stack,
): Contestant & { holdWorkers(hold: boolean): void } {
  const { host, port, user, password, database } = stack.postgres;
  const client = new Client({ host, port, user, password, database, options: '-c search_path=tasks' });
  client.on('error', () => undefined);
  const connected = client.connect();
  const ask = async <Row>(sql: string, values: unknown[] = []) => {
    await connected;
    const { rows } = await client.query<Row & object>(sql, values);
    return rows[0];
  };

  return {
    url: stack.url,
    async begin() {
      const latest = await ask<{ id: string }>('SELECT id FROM jobs ORDER BY id DESC LIMIT 1');
      return {
        async done(jobs) {
          await until(
            'all jobs have ended',
            async () => {
              signal.throwIfAborted();
              const row = await ask<{ some: boolean }>(
                'SELECT EXISTS (SELECT FROM jobs WHERE due_at IS NOT NULL) AS some',
              );
              return !row!.some;
            },
            DEADLINE_MS,
          );
          const row = await ask<{ count: number }>(
            `SELECT count(*)::int AS count FROM jobs WHERE id > $1 AND status = 'completed'`,
            [latest?.id ?? NO_JOB],
          );
          if (row!.count !== jobs)
            throw new Error(`Of ${jobs} jobs that were accepted, ${row!.count} are completed.`);
        },
      };
    },
    /** Paused workers take no jobs, so that accepting can be measured alone. */
    holdWorkers(hold) {
      for (const { service, process } of stack.replicas)
        if (service === 'queue-worker') process.kill(hold ? 'SIGSTOP' : 'SIGCONT');
    },
    stop: () => client.end(),
  };
}
