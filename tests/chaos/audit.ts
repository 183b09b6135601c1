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

/** @param accepted the ids of all jobs that were answered with 202 */
export async function audit(stack: Stack, accepted: readonly string[]): Promise<Audit> {
  const [row] = await askPostgres<Omit<Audit, 'accepted' | 'lost' | 'latency'> & Audit['latency']>(
    stack,
    `WITH effects AS (
       SELECT job_id, count(*) AS count FROM job_attempts WHERE outcome = 'completed' GROUP BY job_id),
     latencies AS (
       SELECT (extract(epoch FROM finished_at - created_at) * 1000)::float AS ms
         FROM jobs
        WHERE finished_at IS NOT NULL),
     done AS (
       SELECT j.id
         FROM jobs j
         JOIN effects ON effects.job_id = j.id AND effects.count = 1
         LEFT JOIN tasks ON tasks.id = j.task_id
        WHERE j.id = ANY($1) AND j.status = 'completed' AND (j.kind <> 'task' OR tasks.completed_at IS NOT NULL))
     SELECT (SELECT count(*) FROM done)::int AS completed,
            ((SELECT coalesce(sum(count - 1), 0) FROM effects)
              + (SELECT count(*) FROM jobs WHERE id <> ALL($1)))::int AS duplicates,
            ((SELECT count(*) FROM tasks LEFT JOIN jobs ON jobs.task_id = tasks.id
               WHERE jobs.id IS NULL OR tasks.completed_at IS NULL)
              + (SELECT count(*) FROM job_inputs JOIN jobs ON jobs.id = job_id WHERE due_at IS NULL))::int AS leftovers,
            (SELECT count(*) FROM job_attempts)::int AS attempts,
            (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) FROM latencies) AS median,
            (SELECT max(ms) FROM latencies) AS slowest`,
    [accepted],
  );
  const { median, slowest, ...counts } = row!;
  return {
    ...counts,
    accepted: accepted.length,
    lost: accepted.length - counts.completed,
    latency: { median, slowest },
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
