import type { Postgres } from '@millrace/chassis/postgres';
import type { ClaimedJob, Job, ListJobsQuery, QueueTask } from '@millrace/contracts';

/** What the Redis queue must know of a job. */
export interface DueJob {
  id: string;
  attempt: number;
  request_id: string;
  traceparent: string | null;
}

/** Jobs in PostgreSQL: the truth about all asynchronous work. */
export interface JobStore {
  /** Makes a task and the job that does it, both or neither. They share their id. */
  queueTask(
    task: QueueTask,
    context: { requestId: string; traceparent?: string | undefined },
  ): Promise<DueJob>;
  find(id: string): Promise<Job | undefined>;
  /** One page, newest first, and one job more when there is another page. */
  list(query: ListJobsQuery): Promise<Job[]>;
  /** Gives the job to a worker for the length of a lease; undefined when it is done, or another worker holds it. */
  claim(id: string, pod: string): Promise<ClaimedJob | undefined>;
  /** Ends the job, and its task with it. False when the attempt is not the current one: its work does not count. */
  complete(id: string, attempt: number, result: unknown): Promise<boolean>;
  /** Records a failed attempt: queued again after a pause, or failed for good when out of attempts. False as above. */
  fail(id: string, attempt: number, error: string): Promise<boolean>;
  /**
   * Hands up to `limit` jobs that are due to `publish`, and takes note once that has worked. Replicas may do so side by
   * side: each job goes to one of them. @returns how many
   */
  sweep(limit: number, publish: (jobs: DueJob[]) => Promise<void>): Promise<number>;
}

export interface JobStoreOptions {
  leaseMs: number;
  maxAttempts: number;
  /**
   * A new job is published right after its commit; the sweeper takes over when that has not led to a claim by then.
   * Default 5,000.
   */
  firstSweepAfterMs?: number;
  /**
   * A published job that nobody has claimed by then is published again: Redis may have lost it. While it is there, that
   * is a no-op. Default 30,000.
   */
  republishAfterMs?: number;
}

type JobRow = Omit<Job, 'created_at' | 'started_at' | 'finished_at'> & {
  created_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
};

const SELECT_JOB = `
  SELECT id, kind, status, priority, attempt AS attempts, max_attempts, result, error, processed_by_pod,
         created_at, started_at, finished_at
    FROM jobs`;

export function createJobStore(db: Postgres, options: JobStoreOptions): JobStore {
  const { leaseMs, maxAttempts, firstSweepAfterMs = 5_000, republishAfterMs = 30_000 } = options;
  return {
    async queueTask({ task, priority }, { requestId, traceparent }) {
      const [job] = await db.query<DueJob>(
        `WITH task AS (INSERT INTO tasks (title, priority) VALUES ($1, $2) RETURNING id)
         INSERT INTO jobs (id, task_id, kind, payload, priority, max_attempts, due_at, request_id, traceparent)
         SELECT id, id, 'task', jsonb_build_object('task', $1::text), $2, $3, now() + $4 * interval '1 ms', $5, $6
           FROM task
         RETURNING id, attempt, request_id, traceparent`,
        [task, priority, maxAttempts, firstSweepAfterMs, requestId, traceparent ?? null],
      );
      return job!;
    },

    async find(id) {
      const rows = await db.query<JobRow>(`${SELECT_JOB} WHERE id = $1`, [id]);
      return rows.map(toJob)[0];
    },

    async list({ limit, cursor, status, kind }) {
      const rows = await db.query<JobRow>(
        `${SELECT_JOB}
          WHERE ($1::uuid IS NULL OR id < $1)
            AND ($2::text IS NULL OR status = $2)
            AND ($3::text IS NULL OR kind = $3)
          ORDER BY id DESC
          LIMIT $4`,
        [cursor ?? null, status ?? null, kind ?? null, limit + 1],
      );
      return rows.map(toJob);
    },

    async claim(id, pod) {
      const [job] = await db.query<ClaimedJob>(
        `UPDATE jobs
            SET status = 'processing', attempt = attempt + 1, due_at = now() + $3 * interval '1 ms',
                processed_by_pod = $2, started_at = coalesce(started_at, now())
          WHERE id = $1
            AND (status = 'queued' OR (status = 'processing' AND due_at <= now() AND attempt < max_attempts))
          RETURNING id, kind, attempt, payload`,
        [id, pod, leaseMs],
      );
      return job;
    },

    async complete(id, attempt, result) {
      const done = await db.query(
        `WITH job AS (
           UPDATE jobs
              SET status = 'completed', result = $3, error = NULL, due_at = NULL, finished_at = now()
            WHERE id = $1 AND attempt = $2 AND status IN ('queued', 'processing')
            RETURNING id, task_id, processed_by_pod),
         task AS (
           UPDATE tasks
              SET completed_at = coalesce(completed_at, now()), processed_by_pod = job.processed_by_pod, updated_at = now()
             FROM job
            WHERE tasks.id = job.task_id)
         SELECT id FROM job`,
        [id, attempt, JSON.stringify(result ?? null)],
      );
      return done.length > 0;
    },

    async fail(id, attempt, error) {
      const failed = await db.query(
        `UPDATE jobs
            SET status = CASE WHEN attempt < max_attempts THEN 'queued' ELSE 'failed' END,
                due_at = CASE WHEN attempt < max_attempts THEN now() + least(2 ^ attempt, 300) * interval '1 s' END,
                finished_at = CASE WHEN attempt < max_attempts THEN NULL ELSE now() END,
                error = $3
          WHERE id = $1 AND attempt = $2 AND status = 'processing'
          RETURNING id`,
        [id, attempt, error],
      );
      return failed.length > 0;
    },

    sweep(limit, publish) {
      return db.transaction(async (tx) => {
        await tx.query(
          `UPDATE jobs
              SET status = 'failed', error = 'The worker did not come back from its last attempt.',
                  due_at = NULL, finished_at = now()
            WHERE due_at <= now() AND status = 'processing' AND attempt >= max_attempts`,
        );
        const jobs = await tx.query<DueJob>(
          `WITH due AS (
             SELECT id FROM jobs WHERE due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
           UPDATE jobs SET status = 'queued', due_at = now() + $2 * interval '1 ms'
             FROM due
            WHERE jobs.id = due.id
            RETURNING jobs.id, attempt, request_id, traceparent`,
          [limit, republishAfterMs],
        );
        // Inside the transaction: when Redis does not take them, they stay due.
        if (jobs.length > 0) await publish(jobs);
        return jobs.length;
      });
    },
  };
}

function toJob(row: JobRow): Job {
  return {
    ...row,
    created_at: row.created_at.toISOString(),
    started_at: row.started_at?.toISOString() ?? null,
    finished_at: row.finished_at?.toISOString() ?? null,
  };
}
