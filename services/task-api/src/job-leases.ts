import type { Queryable } from '@millrace/chassis/postgres';
import type { ClaimedJob, Progress } from '@millrace/contracts';

/**
 * Jobs as workers hold them: by a lease, under an attempt number that fences off whoever held the job before. A report on an
 * attempt that is no longer the current one, or has ended otherwise, answers false: its work does not count. A report that is
 * repeated, because its answer was lost, is answered as before and changes nothing.
 */
export interface JobLeases {
  /**
   * Gives a due job to a worker for the length of a lease; undefined when it has ended, or another worker holds it.
   *
   * @param claim names the claim: repeated, as its answer was lost, it is answered again and is no new attempt
   */
  claim(id: string, pod: string, claim: string): Promise<ClaimedJob | undefined>;
  /** The picture of an image job, in parts of a MiB, so that it is never in memory as a whole. */
  input(id: string): Promise<{ size: number; parts: AsyncIterable<Buffer> } | undefined>;
  /** Begins the lease anew; to an attempt that has ended by its own report, it does nothing. */
  renew(id: string, attempt: number, progress?: Progress): Promise<boolean>;
  /** Ends the job, and its task with it. */
  complete(id: string, attempt: number, result: unknown): Promise<boolean>;
  /**
   * Queued again after a pause; failed for good when out of attempts, or when another try would be no use: it says so (`permanent`), or the
   * input has broken workers in two attempts (`broke`).
   */
  fail(
    id: string,
    attempt: number,
    failure: { error: string; permanent: boolean; broke: boolean },
  ): Promise<boolean>;
}

export interface LeaseOptions {
  leaseMs: number;
  /** The pause after the first failure. */
  backoffMs: number;
}

const BACKOFF_MAX_MS = 300_000;
const PART_BYTES = 1024 * 1024;

/**
 * The attempt $2 of the job $1, if it is the current one and has not ended. Both rows are locked, the job's first: a report that
 * had to wait for another one sees what that has made of them.
 */
const OPEN_ATTEMPT = `
         held AS (
           SELECT id, attempt, max_attempts FROM jobs
            WHERE id = $1 AND attempt = $2 AND status IN ('queued', 'processing')
              FOR UPDATE),
         open AS (
           SELECT held.* FROM held JOIN job_attempts a ON a.job_id = held.id AND a.attempt = held.attempt
            WHERE a.outcome IS NULL
              FOR UPDATE OF a)`;

type Outcome = 'completed' | 'failed';

export function createJobLeases(db: Queryable, { leaseMs, backoffMs }: LeaseOptions): JobLeases {
  /** Has the attempt ended like this before? Then the report is a repetition, or a renewal that was overtaken. */
  const hasEndedAs = async (id: string, attempt: number, outcomes: Outcome[]) => {
    const ended = await db.query(
      'SELECT FROM job_attempts WHERE job_id = $1 AND attempt = $2 AND outcome = ANY($3)',
      [id, attempt, outcomes],
    );
    return ended.length > 0;
  };

  async function* partsOf(id: string, size: number) {
    for (let start = 0; start < size; start += PART_BYTES) {
      const [part] = await db.query<{ bytes: Buffer }>(
        'SELECT substring(bytes FROM $2 FOR $3) AS bytes FROM job_inputs WHERE job_id = $1',
        [id, start + 1, PART_BYTES],
      );
      if (!part) throw new Error('the job ended while its picture was read');
      yield part.bytes;
    }
  }

  return {
    async claim(id, pod, claim) {
      // An attempt that has been put back has ended for its claim: repeated, that must not begin the next one.
      const [job] = await db.query<ClaimedJob>(
        `WITH job AS (
           UPDATE jobs
              SET status = 'processing', claim = $4, attempt = attempt + (claim IS DISTINCT FROM $4)::int, due_at = now() + $3 * interval '1 ms',
                  processed_by_pod = $2, started_at = coalesce(started_at, now()), progress_done = 0
            WHERE id = $1
              AND (claim IS DISTINCT FROM $4 AND attempt < max_attempts
                   AND (status = 'queued' AND run_at <= now() OR status = 'processing' AND due_at <= now())
                   OR claim = $4 AND status = 'processing')
            RETURNING id, kind, attempt, payload),
         lost AS (
           UPDATE job_attempts a SET outcome = 'lost', finished_at = now()
             FROM job
            WHERE a.job_id = job.id AND a.attempt < job.attempt AND a.outcome IS NULL),
         begun AS (
           INSERT INTO job_attempts (job_id, attempt, pod) SELECT id, attempt, $2 FROM job ON CONFLICT DO NOTHING)
         SELECT *, $3::int AS lease_ms FROM job`,
        [id, pod, leaseMs, claim],
      );
      return job;
    },

    async input(id) {
      const [input] = await db.query<{ size: number }>(
        'SELECT octet_length(bytes) AS size FROM job_inputs WHERE job_id = $1',
        [id],
      );
      return input && { size: input.size, parts: partsOf(id, input.size) };
    },

    async renew(id, attempt, progress) {
      // A lease that has run out may still be renewed, as long as nobody else has taken the job.
      const renewed = await db.query(
        `WITH ${OPEN_ATTEMPT}
         UPDATE jobs
            SET status = 'processing', due_at = now() + $3 * interval '1 ms',
                progress_done = coalesce($4, progress_done), progress_total = coalesce($5, progress_total)
           FROM open
          WHERE jobs.id = open.id
          RETURNING jobs.id`,
        [id, attempt, leaseMs, progress?.done ?? null, progress?.total ?? null],
      );
      return renewed.length > 0 || hasEndedAs(id, attempt, ['completed', 'failed']);
    },

    async complete(id, attempt, result) {
      const done = await db.query(
        `WITH ${OPEN_ATTEMPT},
         job AS (
           UPDATE jobs
              SET status = 'completed', result = $3, error = NULL, progress_done = progress_total,
                  due_at = NULL, finished_at = now()
             FROM open
            WHERE jobs.id = open.id
            RETURNING jobs.id, task_id, jobs.attempt, processed_by_pod),
         effect AS (
           UPDATE job_attempts a SET outcome = 'completed', finished_at = now()
             FROM job
            WHERE a.job_id = job.id AND a.attempt = job.attempt),
         task AS (
           UPDATE tasks
              SET completed_at = coalesce(completed_at, now()), processed_by_pod = job.processed_by_pod, updated_at = now()
             FROM job
            WHERE tasks.id = job.task_id)
         SELECT id FROM job`,
        [id, attempt, JSON.stringify(result ?? null)],
      );
      return done.length > 0 || hasEndedAs(id, attempt, ['completed']);
    },

    async fail(id, attempt, { error, permanent, broke }) {
      // Jitter of a quarter: what failed together is not tried again together.
      const pauseMs = Math.min(backoffMs * 2 ** (attempt - 1), BACKOFF_MAX_MS) * (0.75 + Math.random() / 2);
      const failed = await db.query(
        `WITH ${OPEN_ATTEMPT},
         verdict AS (
           SELECT id, attempt < max_attempts AND NOT refused AS goes_on, refused,
                  now() + $5 * interval '1 ms' AS next_run
             FROM open,
                  LATERAL (SELECT $4 OR $6 AND EXISTS (
                             SELECT FROM job_attempts a WHERE a.job_id = open.id AND a.broke) AS refused) input),
         job AS (
           UPDATE jobs
              SET status = CASE WHEN goes_on THEN 'queued' ELSE 'failed' END,
                  run_at = CASE WHEN goes_on THEN next_run ELSE run_at END,
                  due_at = CASE WHEN goes_on THEN next_run END,
                  finished_at = CASE WHEN goes_on THEN NULL ELSE now() END,
                  error = $3, refused = verdict.refused
             FROM verdict
            WHERE jobs.id = verdict.id
            RETURNING jobs.id, jobs.attempt),
         ended AS (
           UPDATE job_attempts a SET outcome = 'failed', finished_at = now(), error = $3, broke = $6
             FROM job
            WHERE a.job_id = job.id AND a.attempt = job.attempt)
         SELECT id FROM job`,
        [id, attempt, error, permanent, pauseMs, broke],
      );
      return failed.length > 0 || hasEndedAs(id, attempt, ['failed']);
    },
  };
}
