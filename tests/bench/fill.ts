import type { Stack } from '../../local/stack.js';
import { askPostgres } from '../chaos/administrator.js';

/**
 * All that the suite knows of the schema, in one place. Rows go in by ordinary statements with all triggers at work, so what is kept
 * about them (statuses, counts) is right by itself.
 */
const BATCH = 20_000;

/** How often the words of a search occur in a million tasks: nowhere, ten times, a hundred thousand times. */
export const WORDS = { none: 'quokka', few: 'narwhal', many: 'heron' } as const;

/**
 * Tasks with an ended job and an attempt each; of the tasks a tenth is of high and a tenth of low priority, and one in a thousand has
 * failed. Every other one was created by hand and has no job.
 */
export async function fillTables(stack: Stack, rows: number, signal?: AbortSignal): Promise<void> {
  if (rows === 0) return;
  for (let done = 0; done < rows; done += BATCH) {
    signal?.throwIfAborted();
    await askPostgres(stack, insertTasks(done + 1, Math.min(done + BATCH, rows), rows));
    await askPostgres(stack, INSERT_JOBS);
  }
  for (const table of ['tasks', 'jobs', 'job_attempts']) await askPostgres(stack, `VACUUM ANALYZE ${table}`);
  await askPostgres(stack, 'CHECKPOINT');
}

export async function countUnfinished(stack: Stack): Promise<number> {
  const [row] = await askPostgres<{ count: number }>(
    stack,
    `SELECT count(*)::int AS count FROM jobs WHERE due_at IS NOT NULL`,
  );
  return row!.count;
}

/** Ids are ascending in time, as those of real tasks are. */
function insertTasks(first: number, last: number, rows: number): string {
  return `
    INSERT INTO tasks (title, description, priority, completed_at)
    SELECT 'Count the ' || (ARRAY['swans', 'geese', 'crows', 'finches', 'owls', 'larks', 'terns'])[1 + n % 7] || ' of pond ' || n,
           'Bring the list to ' || md5(n::text)
             || CASE WHEN n % 10 = 3 THEN ' and ask for the ${WORDS.many}' ELSE '' END
             || CASE WHEN n % ${Math.max(1, Math.floor(rows / 10))} = 5 THEN ' and look out for the ${WORDS.few}' ELSE '' END,
           (ARRAY['high', 'low', 'medium', 'medium', 'medium', 'medium', 'medium', 'medium', 'medium', 'medium'])[1 + n % 10],
           CASE WHEN n % 1000 > 2 THEN now() END
      FROM generate_series(${first}, ${last}) AS n`;
}

/** For the tasks that have none yet and are not to stay without. One in a hundred jobs is a picture. */
const INSERT_JOBS = `
  WITH new AS (
    SELECT tasks.*, row_number() OVER (ORDER BY id) AS n FROM tasks WHERE NOT EXISTS (SELECT FROM jobs WHERE task_id = tasks.id)),
  job AS (
    INSERT INTO jobs (id, task_id, kind, payload, result, priority, status, run_at, attempt, max_attempts, progress_done,
                      progress_total, processed_by_pod, request_id, started_at, finished_at)
    SELECT id, id, 'task', json_build_object('task', title), json_build_object('task', title), priority,
           CASE WHEN completed_at IS NOT NULL THEN 'completed' WHEN n % 2 = 0 THEN 'failed' ELSE 'cancelled' END,
           now(), 1, 10, 1, 1, 'queue-worker-1', md5(title), now(), now() - random() * interval '20 days'
      FROM new
    UNION ALL
    SELECT uuidv7(), NULL, 'image', '{}', '{}', priority, 'completed', now(), 1, 10, 1, 1, 'queue-worker-1', md5(title), now(),
           now() - random() * interval '20 days'
      FROM new WHERE n % 100 = 7
    RETURNING id, status, finished_at)
  INSERT INTO job_attempts (job_id, attempt, pod, started_at, finished_at, outcome)
  SELECT id, 1, 'queue-worker-1', finished_at, finished_at, CASE status WHEN 'completed' THEN 'completed' ELSE 'failed' END FROM job`;
