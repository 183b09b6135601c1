import type { Page, Queryable } from '@millrace/chassis/stores/postgres';
import { FINAL_STATUSES, type Job, type JobStatus, type ListJobsQuery } from '@millrace/contracts';
import type { DueJob } from './outbox/publisher.js';
import { isOf } from '../is-of.js';
import { listJobs } from './job-list.js';
import { type JobRow, SELECT_JOB, toJob } from './job-row.js';
import type { TaskHints } from '../tasks/task-hints.js';

/** The maximum number of attempts of a job, including manual retries: all of them are listed whenever it is shown. */
export const ATTEMPTS_MAX = 100;

/**
 * Jobs in PostgreSQL as people see and control them. Other owners' jobs count as absent; with null as the owner, all jobs are
 * visible.
 */
export interface JobStore {
  find(id: string, owner: Owner): Promise<Job | undefined>;
  /** The traceparent of the request that it was accepted with: null without one; undefined when there is no such job. */
  findTraceparent(id: string, owner: Owner): Promise<string | null | undefined>;
  /** Whoever owns it. */
  findAll(ids: string[]): Promise<Job[]>;
  /** One page, newest first. */
  list(query: ListJobsQuery, owner: Owner): Promise<Page>;
  /** A JobSummary, as JSON. */
  summarize(): Promise<string>;
  /** Cancels a job that no worker has begun. False when it is not queued. */
  cancel(id: string, owner: Owner): Promise<boolean>;
  /** Deletes a finished job; its task stays. False when it has not finished, or does not have the given status. */
  remove(id: string, owner: Owner, status?: JobStatus): Promise<boolean>;
  /**
   * Queues a failed job again, and keeps its previous attempts. Undefined when it has not failed, was tried too often, or no longer has an
   * input.
   */
  retry(id: string, owner: Owner): Promise<DueJob | undefined>;
}

type Owner = string | null;

/** The owner of the changed job. */
interface Changed {
  owner: Owner;
}

/** Uses the counts that are updated with each change, and both ends of an index of queued jobs. */
const SUMMARIZE = `
  WITH counted AS (
    SELECT coalesce(sum(queued), 0) AS queued, coalesce(sum(processing), 0) AS processing,
           coalesce(sum(completed), 0) AS completed, coalesce(sum(failed), 0) AS failed,
           coalesce(sum(cancelled), 0) AS cancelled
      FROM job_counts),
  scheduled AS (
    SELECT count(*) AS jobs FROM jobs WHERE status = 'queued' AND greatest(created_at, run_at) > now()),
  oldest AS (
    SELECT greatest(created_at, run_at) AS since FROM jobs
     WHERE status = 'queued' AND greatest(created_at, run_at) <= now()
     ORDER BY greatest(created_at, run_at) LIMIT 1)
  SELECT json_build_object(
           'counts', to_json(counted),
           'due', queued - jobs,
           'scheduled', jobs,
           'oldest_waiting_s', round(extract(epoch FROM now() - (SELECT since FROM oldest)), 1),
           'completed_last_minute', (SELECT coalesce(sum(completed), 0) FROM job_completions
                                      WHERE second > now() - interval '1 minute'))::text AS summary
    FROM counted, scheduled`;

export function createJobStore(
  db: Queryable,
  options: { maxAttempts: number; sweepAfterMs: number; lists: Queryable; hints: Pick<TaskHints, 'changed'> },
): JobStore {
  const told = <Row extends Changed>(rows: Row[]): Row[] => {
    options.hints.changed(rows.map(({ owner }) => owner));
    return rows;
  };
  return {
    async find(id, owner) {
      const rows = await db.query<JobRow>(`${SELECT_JOB} WHERE id = $1 AND ${isOf('$2')}`, [id, owner]);
      return rows.map(toJob)[0];
    },

    async findTraceparent(id, owner) {
      const [job] = await db.query<{ traceparent: string | null }>(
        `SELECT traceparent FROM jobs WHERE id = $1 AND ${isOf('$2')}`,
        [id, owner],
      );
      return job?.traceparent;
    },

    async findAll(ids) {
      const rows = await db.query<JobRow>(`${SELECT_JOB} WHERE id = ANY($1)`, [ids]);
      return rows.map(toJob);
    },

    list: (query, owner) => listJobs(options.lists, query, owner),

    async summarize() {
      const [row] = await options.lists.query<{ summary: string }>(SUMMARIZE);
      return row!.summary;
    },

    async cancel(id, owner) {
      // By id, as in leases.ts.
      const cancelled = await db.query<Changed>(
        `UPDATE jobs SET status = 'cancelled', due_at = NULL, finished_at = now()
          WHERE id = $1 AND CASE status WHEN 'queued' THEN ${isOf('$2')} END
          RETURNING owner`,
        [id, owner],
      );
      return told(cancelled).length > 0;
    },

    async remove(id, owner, status) {
      const removed = await db.query<Changed>(
        `DELETE FROM jobs
          WHERE id = $1 AND status = ANY($2) AND status = coalesce($3, status) AND ${isOf('$4')}
          RETURNING owner`,
        [id, FINAL_STATUSES, status ?? null, owner],
      );
      return told(removed).length > 0;
    },

    async retry(id, owner) {
      const retried = await db.query<DueJob & Changed>(
        `UPDATE jobs
            SET status = 'queued', max_attempts = attempt + $2, run_at = now(), finished_at = NULL,
                due_at = now() + $3 * interval '1 ms', progress_done = 0, refused = false
          WHERE id = $1 AND status = 'failed' AND attempt < $4 AND ${isOf('$5')}
            AND payload <> '{}' AND (kind <> 'image' OR EXISTS (SELECT FROM job_inputs WHERE job_id = jobs.id))
          RETURNING id, kind, priority, traceparent, owner`,
        [id, options.maxAttempts, options.sweepAfterMs, ATTEMPTS_MAX, owner],
      );
      return told(retried)[0];
    },
  };
}
