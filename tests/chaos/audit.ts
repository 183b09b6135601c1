import type { Stack } from '../../local/stack.js';
import { askPostgres } from './administrator.js';

/** What PostgreSQL says of the jobs that were answered with 202, and of what else there is. */
export interface Audit {
  accepted: number;
  /** Accepted jobs that have ended well, with exactly one effect, and their tasks with them. */
  completed: number;
  /** Accepted jobs that are not among the completed: the promise is broken for them. */
  lost: number;
  /** Effects beyond the first of a job, and jobs that nobody was told of: something was done twice. */
  duplicates: number;
  /** Tasks without a job, or not done; pictures of jobs that have ended. */
  leftovers: number;
  /** Begun by workers in all, with the ones that came to nothing. */
  attempts: number;
  /** From the acceptance to the end, in milliseconds. */
  latency: { median: number; slowest: number };
}

interface AuditedJob {
  id: string;
  /** Completed, and its task with it if it has one. */
  done: boolean;
  effects: number;
  attempts: number;
  /** Null while it has not ended. */
  ms: number | null;
}

/** @param accepted the ids of all jobs that were answered with 202 */
export async function audit(stack: Stack, accepted: readonly string[]): Promise<Audit> {
  const jobs = await askPostgres<AuditedJob>(
    stack,
    `SELECT id,
            status = 'completed' AND (kind <> 'task' OR EXISTS (
              SELECT FROM tasks WHERE tasks.id = task_id AND completed_at IS NOT NULL)) AS done,
            (SELECT count(*) FROM job_attempts WHERE job_id = id AND outcome = 'completed')::int AS effects,
            (SELECT count(*) FROM job_attempts WHERE job_id = id)::int AS attempts,
            (extract(epoch FROM finished_at - created_at) * 1000)::float AS ms
       FROM jobs`,
  );
  const [rest] = await askPostgres<{ leftovers: number }>(
    stack,
    `SELECT (SELECT count(*) FROM tasks
              WHERE completed_at IS NULL OR NOT EXISTS (SELECT FROM jobs WHERE task_id = tasks.id))::int
            + (SELECT count(*) FROM job_inputs
                WHERE EXISTS (SELECT FROM jobs WHERE id = job_id AND due_at IS NULL))::int AS leftovers`,
  );

  const promised = new Set(accepted);
  const completed = jobs.filter(({ id, done, effects }) => promised.has(id) && done && effects === 1).length;
  const latencies = jobs.flatMap(({ ms }) => ms ?? []).sort((one, other) => one - other);
  return {
    accepted: accepted.length,
    completed,
    lost: accepted.length - completed,
    duplicates:
      jobs.reduce((sum, { effects }) => sum + Math.max(0, effects - 1), 0) +
      jobs.filter(({ id }) => !promised.has(id)).length,
    leftovers: rest!.leftovers,
    attempts: jobs.reduce((sum, job) => sum + job.attempts, 0),
    latency: { median: latencies[latencies.length >> 1] ?? NaN, slowest: latencies.at(-1) ?? NaN },
  };
}

/** How many jobs have not ended yet. */
export async function countUnfinished(stack: Stack): Promise<number> {
  const [row] = await askPostgres<{ jobs: number }>(
    stack,
    'SELECT count(*)::int AS jobs FROM jobs WHERE due_at IS NOT NULL',
  );
  return row!.jobs;
}
