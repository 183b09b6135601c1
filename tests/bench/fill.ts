import type { Stack } from '../../local/stack/stack.js';
import { askPostgres } from '../chaos/administrator.js';

// Everything that the suite knows about filling tables, in one place. Rows are inserted by ordinary statements with all triggers, so
// derived data (statuses, counts) are correct.

const BATCH = 20_000;

export interface FillOptions {
  /** When the jobs finished, in days before now. Default: within the last 20, so that none is old enough to be deleted. */
  ended?: { from: number; to: number };
  signal?: AbortSignal;
}

/** Words to search for: in none of the tasks, in ten of them, in a tenth of them. */
export const WORDS = { none: 'quokka', few: 'narwhal', many: 'heron' } as const;

/**
 * Inserts this many tasks, each with a finished job and its attempt. Nine tenths are completed; one in a thousand has failed, one was
 * cancelled, and one never had a job. There is one image job for every hundred tasks.
 */
export async function fillTables(
  stack: Stack,
  rows: number,
  { ended = { from: 20, to: 0 }, signal }: FillOptions = {},
): Promise<void> {
  if (rows === 0) return;
  for (let done = 0; done < rows; done += BATCH) {
    signal?.throwIfAborted();
    await askPostgres(stack, insert(done + 1, Math.min(done + BATCH, rows), rows, ended));
  }
  // What autovacuum would have done by then.
  const tables = await askPostgres<{ name: string }>(
    stack,
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'tasks'`,
  );
  for (const { name } of tables) await askPostgres(stack, `VACUUM ANALYZE ${name}`);
  await askPostgres(stack, 'CHECKPOINT');
}

/** How many there are of the rarer kinds. */
export function rareCounts(rows: number): { failed: number; cancelled: number; images: number } {
  const thousands = Math.floor(rows / 1_000);
  return { failed: thousands, cancelled: thousands, images: 10 * thousands };
}

/** Ids ascend, like those of real tasks. */
function insert(first: number, last: number, rows: number, ended: { from: number; to: number }): string {
  const finishedAt = `now() - (${ended.to} + random() * ${ended.from - ended.to}) * interval '1 day'`;
  return `
    WITH task AS (
      INSERT INTO tasks (title, description, priority, completed_at)
      SELECT 'Count the ' || (ARRAY['swans', 'geese', 'crows', 'finches', 'owls', 'larks', 'terns'])[1 + n % 7] || ' of pond ' || n,
             'Bring the list to ' || md5(n::text)
               || CASE WHEN n % 10 = 3 THEN ' and ask for the ${WORDS.many}' ELSE '' END
               || CASE WHEN n % ${Math.max(1, Math.floor(rows / 10))} = 5 THEN ' and look out for the ${WORDS.few}' ELSE '' END,
             CASE n % 10 WHEN 0 THEN 'high' WHEN 1 THEN 'low' ELSE 'medium' END,
             CASE WHEN n % 1000 > 2 THEN now() END
        FROM generate_series(${first}, ${last}) AS n
      RETURNING id, title, priority, split_part(title, ' pond ', 2)::int AS n),
    job AS (
      INSERT INTO jobs (id, task_id, kind, payload, result, priority, status, run_at, attempt, max_attempts, progress_done,
                        progress_total, processed_by_pod, request_id, started_at, finished_at)
      SELECT id, id, 'task', json_build_object('task', title), json_build_object('task', title), priority,
             CASE n % 1000 WHEN 0 THEN 'failed' WHEN 1 THEN 'cancelled' ELSE 'completed' END,
             now(), 1, 10, 1, 1, 'queue-worker-1', md5(title), now(), ${finishedAt}
        FROM task WHERE n % 1000 <> 2
      UNION ALL
      SELECT uuidv7(), NULL, 'image', '{}', '{}', priority, 'completed', now(), 1, 10, 1, 1, 'queue-worker-1', md5(title), now(),
             ${finishedAt}
        FROM task WHERE n % 100 = 7
      RETURNING id, status, finished_at)
    INSERT INTO job_attempts (job_id, attempt, pod, started_at, finished_at, outcome)
    SELECT id, 1, 'queue-worker-1', finished_at, finished_at, CASE status WHEN 'completed' THEN 'completed' ELSE 'failed' END
      FROM job`;
}
