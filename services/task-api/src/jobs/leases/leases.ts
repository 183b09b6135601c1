import type { Queryable } from '@millrace/chassis/stores/postgres';
import type { TaskHints } from '../../tasks/task-hints.js';
import { countAttempts, countEnded, observeWait } from '../job-counters.js';
import type { Claim, ClaimedJob, ClaimedJobs, Completion, JobStatus, Renewal } from '@millrace/contracts';

/**
 * Jobs as workers hold them: with a lease, and an attempt number that fences off earlier holders. A report on an attempt that is no longer
 * the current one, or has ended otherwise, does not count, and neither does its work. A report that is repeated because its response was
 * lost gets the same response and changes nothing.
 */
export interface JobLeases {
  /**
   * Gives due jobs to a worker for the length of a lease, except jobs that have finished and jobs that another worker holds.
   *
   * @param claims each identifies itself: if it is repeated because its response was lost, it gets the same response and is no new attempt
   */
  claim(claims: Claim[], pod: string): Promise<ClaimedJobs>;
  /** The image of an image job, in parts of a MiB, so that it is never in memory as a whole. */
  input(id: string): Promise<{ size: number; parts: AsyncIterable<Buffer> } | undefined>;
  /** Restarts leases; has no effect on attempts that have ended with their own report. @returns the ids of the reports that count */
  renew(renewals: Renewal[]): Promise<string[]>;
  /** Completes jobs and their tasks. @returns the ids of the reports that count */
  complete(completions: Completion[]): Promise<string[]>;
  /**
   * The jobs are queued again after a pause. They fail for good when they are out of attempts, when the report says that another attempt
   * would fail too (`permanent`), or when their input has crashed workers in two attempts (`broke`).
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

/** A job that a statement has changed. */
interface Changed {
  id: string;
  owner: string | null;
}

const BACKOFF_MAX_MS = 300_000;
const PART_BYTES = 1024 * 1024;

// The statements below find jobs by id alone. Their conditions are worded so that no index serves them: just after statistics were taken
// while the queue was empty, the planner would read every queued job, and all dead entries of the index, rather than look up each id.

/**
 * Of the attempts in `asked`, those that are their job's current one and have not ended. Both rows are locked, the job's first: a report
 * that had to wait for another one sees its effect. Rows are locked in the order of ids, so that two reports cannot deadlock.
 */
const OPEN_ATTEMPTS = `
         held AS (
           SELECT asked.*, max_attempts FROM asked JOIN jobs USING (id)
            WHERE jobs.attempt = asked.attempt AND jobs.finished_at IS NULL
            ORDER BY id
              FOR UPDATE OF jobs),
         open AS (
           SELECT held.* FROM held JOIN job_attempts a ON a.job_id = held.id AND a.attempt = held.attempt
            WHERE a.outcome IS NULL
              FOR UPDATE OF a)`;

type Outcome = 'completed' | 'failed';

/** A claimed job as PostgreSQL returns it. */
type ClaimedRow = ClaimedJob & {
  /** When it became due. Null when the claim was repeated. */
  waited_s: number | null;
  /** Earlier attempts that nobody has reported on. */
  lost: number;
};

/** Counts a claim. @returns what the worker gets */
function asClaimed({ waited_s, lost, ...job }: ClaimedRow): ClaimedJob {
  if (waited_s !== null) observeWait({ kind: job.kind }, Math.max(0, waited_s), job.traceparent ?? undefined);
  countAttempts('lost', lost);
  return job;
}

/** The maximum size of the texts of all jobs in one response. A longer text is returned by itself. */
const CLAIMED_TEXT_BYTES = 1024 * 1024;

export function createJobLeases(
  db: Queryable,
  { leaseMs, backoffMs, hints }: LeaseOptions & { hints: Pick<TaskHints, 'changed'> },
): JobLeases {
  const tell = (jobs: { owner?: string | null }[]) => hints.changed(jobs.map(({ owner = null }) => owner));
  /** The reports that count: those that took effect now (`done`), and repetitions of reports that ended their attempt in the same way. */
  const counted = async (
    reports: { id: string; attempt: number }[],
    done: { id: string }[],
    outcomes: Outcome[],
  ): Promise<string[]> => {
    const ids = done.map(({ id }) => id);
    const isDone = new Set(ids);
    const others = reports.filter(({ id }) => !isDone.has(id));
    if (others.length === 0) return ids;
    const ended = await db.query<{ id: string }>(
      `SELECT job_id AS id FROM job_attempts JOIN unnest($1::uuid[], $2::int[]) AS asked (job_id, attempt) USING (job_id, attempt)
        WHERE outcome = ANY($3)`,
      [others.map(({ id }) => id), others.map(({ attempt }) => attempt), outcomes],
    );
    return [...ids, ...ended.map(({ id }) => id)];
  };

  async function* partsOf(id: string, size: number) {
    for (let start = 0; start < size; start += PART_BYTES) {
      const [part] = await db.query<{ bytes: Buffer }>(
        'SELECT substring(bytes FROM $2 FOR $3) AS bytes FROM job_inputs WHERE job_id = $1',
        [id, start + 1, PART_BYTES],
      );
      if (!part) throw new Error('the job finished while its image was being read');
      yield part.bytes;
    }
  }

  return {
    async claim(claims, pod) {
      // An attempt that was put back has ended for its claim: repeating the claim must not begin the next attempt. Jobs that do not fit are
      // returned as ids only.
      const rows = await db.query<ClaimedRow | { id: string; kind: null }>(
        `WITH asked AS (
           SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS asked (id, claim)),
         held AS (
           SELECT id, asked.claim, CASE WHEN kind = 'image' THEN 0 ELSE input_bytes END AS bytes
             FROM asked JOIN jobs USING (id)
            WHERE jobs.claim IS DISTINCT FROM asked.claim AND attempt < max_attempts
                  AND CASE status WHEN 'queued' THEN run_at <= now() WHEN 'processing' THEN due_at <= now() END
               OR jobs.claim = asked.claim AND status = 'processing'
            ORDER BY id
              FOR UPDATE OF jobs),
         fitting AS (
           SELECT id, claim, sum(bytes) OVER (ORDER BY id) <= $5 OR row_number() OVER (ORDER BY id) = 1 AS fits FROM held),
         job AS (
           UPDATE jobs
              SET status = 'processing', claim = fitting.claim, attempt = attempt + (jobs.claim IS DISTINCT FROM fitting.claim)::int,
                  due_at = now() + $4 * interval '1 ms', processed_by_pod = $3, started_at = coalesce(started_at, now()),
                  progress_done = 0
             FROM fitting
            WHERE jobs.id = fitting.id AND fits
            RETURNING jobs.id, kind, attempt, payload, request_id, traceparent, owner,
                      CASE WHEN old.claim IS DISTINCT FROM new.claim
                           THEN extract(epoch FROM now() - greatest(created_at, run_at))::float END AS waited_s),
         lost AS (
           UPDATE job_attempts a SET outcome = 'lost', finished_at = now()
             FROM job
            WHERE job.attempt > 1 AND a.job_id = job.id AND a.attempt < job.attempt AND a.outcome IS NULL
            RETURNING a.job_id),
         begun AS (
           INSERT INTO job_attempts (job_id, attempt, pod) SELECT id, attempt, $3 FROM job ON CONFLICT DO NOTHING)
         SELECT id, kind, attempt, payload, request_id, traceparent, owner, $4::int AS lease_ms, waited_s,
                (SELECT count(*)::int FROM lost WHERE job_id = job.id) AS lost
           FROM fitting LEFT JOIN job USING (id)`,
        [claims.map(({ id }) => id), claims.map(({ claim }) => claim), pod, leaseMs, CLAIMED_TEXT_BYTES],
      );
      const isClaimed = (row: (typeof rows)[number]): row is ClaimedRow => row.kind !== null;
      const claimed = rows.filter(isClaimed);
      tell(claimed);
      return {
        jobs: claimed.map(asClaimed),
        later: rows.filter((row) => !isClaimed(row)).map(({ id }) => id),
      };
    },

    async input(id) {
      const [input] = await db.query<{ size: number }>(
        'SELECT octet_length(bytes) AS size FROM job_inputs WHERE job_id = $1',
        [id],
      );
      return input && { size: input.size, parts: partsOf(id, input.size) };
    },

    async renew(renewals) {
      // An expired lease may still be renewed, as long as nobody else has taken the job.
      const renewed = await db.query<Changed & { progresses: boolean }>(
        `WITH asked AS (
           SELECT * FROM unnest($1::uuid[], $2::int[], $4::int[], $5::int[]) AS asked (id, attempt, done, total)),
         ${OPEN_ATTEMPTS}
         UPDATE jobs
            SET status = 'processing', due_at = now() + $3 * interval '1 ms',
                progress_done = coalesce(done, progress_done), progress_total = coalesce(total, progress_total)
           FROM open
          WHERE jobs.id = open.id
          RETURNING jobs.id, owner, done IS NOT NULL AS progresses`,
        [
          renewals.map(({ id }) => id),
          renewals.map(({ attempt }) => attempt),
          leaseMs,
          renewals.map(({ progress }) => progress?.done ?? null),
          renewals.map(({ progress }) => progress?.total ?? null),
        ],
      );
      tell(renewed.filter(({ progresses }) => progresses));
      return counted(renewals, renewed, ['completed', 'failed']);
    },

    async complete(completions) {
      const done = await db.query<Changed>(
        `WITH asked AS (
           SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[]) AS asked (id, attempt, result)),
         ${OPEN_ATTEMPTS},
         job AS (
           UPDATE jobs
              SET status = 'completed', result = open.result::jsonb, error = NULL, progress_done = progress_total,
                  due_at = NULL, finished_at = now()
             FROM open
            WHERE jobs.id = open.id
            RETURNING jobs.id, task_id, jobs.attempt, processed_by_pod, owner),
         ended AS (
           UPDATE job_attempts a SET outcome = 'completed', finished_at = now()
             FROM job
            WHERE a.job_id = job.id AND a.attempt = job.attempt),
         task AS (
           UPDATE tasks
              SET job_status = 'completed', completed_at = coalesce(completed_at, now()), processed_by_pod = job.processed_by_pod,
                  updated_at = now()
             FROM job
            WHERE tasks.id = job.task_id)
         SELECT id, owner FROM job`,
        [
          completions.map(({ id }) => id),
          completions.map(({ attempt }) => attempt),
          completions.map(({ result }) => JSON.stringify(result ?? null)),
        ],
      );
      tell(done);
      countAttempts('completed', done.length);
      countEnded('completed', done.length);
      return counted(completions, done, ['completed']);
    },

    async fail(id, attempt, { error, permanent, broke }) {
      // A jitter of a quarter, so that jobs that failed together are not retried together.
      const pauseMs = Math.min(backoffMs * 2 ** (attempt - 1), BACKOFF_MAX_MS) * (0.75 + Math.random() / 2);
      const failed = await db.query<Changed & { status: JobStatus }>(
        `WITH asked AS (SELECT $1::uuid AS id, $2::int AS attempt),
         ${OPEN_ATTEMPTS},
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
            RETURNING jobs.id, jobs.attempt, jobs.status, owner),
         ended AS (
           UPDATE job_attempts a SET outcome = 'failed', finished_at = now(), error = $3, broke = $6
             FROM job
            WHERE a.job_id = job.id AND a.attempt = job.attempt)
         SELECT id, status, owner FROM job`,
        [id, attempt, error, permanent, pauseMs, broke],
      );
      tell(failed);
      countAttempts('failed', failed.length);
      if (failed[0]?.status === 'failed') countEnded('failed');
      return (await counted([{ id, attempt }], failed, ['failed'])).length > 0;
    },
  };
}
