import type { Queryable } from '@millrace/chassis/postgres';
import {
  FINAL_STATUSES,
  type Job,
  type JobListItem,
  type JobStatus,
  type JobSummary,
  type ListJobsQuery,
} from '@millrace/contracts';
import type { DueJob } from './job-publisher.js';
import {
  type JobListRow,
  type JobRow,
  SELECT_JOB,
  SELECT_JOB_LIST_ITEM,
  toJob,
  toJobListItem,
} from './job-row.js';

/** How often a job is tried in all, by however many retries by hand: its attempts are listed whenever it is shown. */
export const ATTEMPTS_MAX = 100;

/** Jobs in PostgreSQL as people see and steer them. */
export interface JobStore {
  find(id: string): Promise<Job | undefined>;
  findAll(ids: string[]): Promise<Job[]>;
  /** One page, newest first, and one job more when there is another page. */
  list(query: ListJobsQuery): Promise<JobListItem[]>;
  summarize(): Promise<JobSummary>;
  /** Ends a job that no worker has begun. False when it is not queued. */
  cancel(id: string): Promise<boolean>;
  /** Deletes an ended job; its task stays. False when it has not ended, or not in the given status. */
  remove(id: string, status?: JobStatus): Promise<boolean>;
  /**
   * Queues a failed job anew, with all attempts before it. Undefined when it has not failed, was tried too often, or has no input
   * any more.
   */
  retry(id: string): Promise<DueJob | undefined>;
}

export function createJobStore(
  db: Queryable,
  options: { maxAttempts: number; sweepAfterMs: number },
): JobStore {
  return {
    async find(id) {
      const rows = await db.query<JobRow>(`${SELECT_JOB} WHERE id = $1`, [id]);
      return rows.map(toJob)[0];
    },

    async findAll(ids) {
      const rows = await db.query<JobRow>(`${SELECT_JOB} WHERE id = ANY($1)`, [ids]);
      return rows.map(toJob);
    },

    async list({ limit, cursor, status, kind }) {
      const rows = await db.query<JobListRow>(
        `${SELECT_JOB_LIST_ITEM}
          WHERE ($1::uuid IS NULL OR id < $1)
            AND ($2::text IS NULL OR status = $2)
            AND ($3::text IS NULL OR kind = $3)
          ORDER BY id DESC
          LIMIT $4`,
        [cursor ?? null, status ?? null, kind ?? null, limit + 1],
      );
      return rows.map(toJobListItem);
    },

    async summarize() {
      const statuses = await db.query<{ status: JobStatus; count: number }>(
        'SELECT status, count(*)::int FROM jobs GROUP BY status',
      );
      const [queue] = await db.query<Omit<JobSummary, 'counts'>>(
        `SELECT count(*) FILTER (WHERE run_at <= now())::int AS due,
                count(*) FILTER (WHERE run_at > now())::int AS scheduled,
                round(extract(epoch FROM now() - min(greatest(created_at, run_at)) FILTER (WHERE run_at <= now())), 1)::float
                  AS oldest_waiting_s,
                (SELECT count(*)::int
                   FROM jobs
                  WHERE finished_at > now() - interval '1 minute' AND status = 'completed') AS completed_last_minute
           FROM jobs
          WHERE status = 'queued'`,
      );
      const counts = { queued: 0, processing: 0, completed: 0, failed: 0, cancelled: 0 };
      for (const { status, count } of statuses) counts[status] = count;
      return { counts, ...queue! };
    },

    async cancel(id) {
      const cancelled = await db.query(
        `UPDATE jobs SET status = 'cancelled', due_at = NULL, finished_at = now()
          WHERE id = $1 AND status = 'queued'
          RETURNING id`,
        [id],
      );
      return cancelled.length > 0;
    },

    async remove(id, status) {
      const removed = await db.query(
        `DELETE FROM jobs WHERE id = $1 AND status = ANY($2) AND status = coalesce($3, status) RETURNING id`,
        [id, FINAL_STATUSES, status ?? null],
      );
      return removed.length > 0;
    },

    async retry(id) {
      const [job] = await db.query<DueJob>(
        `UPDATE jobs
            SET status = 'queued', max_attempts = attempt + $2, run_at = now(), finished_at = NULL,
                due_at = now() + $3 * interval '1 ms', progress_done = 0, refused = false
          WHERE id = $1 AND status = 'failed' AND attempt < $4
            AND payload <> '{}' AND (kind <> 'image' OR EXISTS (SELECT FROM job_inputs WHERE job_id = jobs.id))
          RETURNING id, priority`,
        [id, options.maxAttempts, options.sweepAfterMs, ATTEMPTS_MAX],
      );
      return job;
    },
  };
}
