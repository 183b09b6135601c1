import {
  type Job,
  type JobAttempt,
  type JobKind,
  type JobStatus,
  LISTED_ATTEMPTS,
  type Priority,
} from '@millrace/contracts';

/** The fields of a job in a list, which a single job has as well. */
interface CommonRow {
  id: string;
  kind: JobKind;
  status: JobStatus;
  priority: Priority;
  progress_done: number;
  progress_total: number;
  attempt_count: number;
  max_attempts: number;
  error: string | null;
  processed_by_pod: string | null;
  run_at: Date;
  created_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
}

export interface JobRow extends CommonRow {
  attempts: JobAttempt[];
  result: unknown;
}

const COMMON = `id, kind, status, priority, progress_done, progress_total, attempt AS attempt_count, max_attempts, processed_by_pod,
         run_at, created_at, started_at, finished_at`;

/** A job as the API shows it, with its latest attempts in order. Where-clauses refer to it as `j`. */
export const SELECT_JOB = `
  SELECT ${COMMON}, result, error,
         (SELECT coalesce(json_agg(json_build_object(
                   'attempt', a.attempt, 'pod', a.pod, 'started_at', a.started_at,
                   'finished_at', a.finished_at, 'outcome', a.outcome, 'error', a.error) ORDER BY a.attempt), '[]')
            FROM (SELECT * FROM job_attempts WHERE job_id = j.id ORDER BY attempt DESC LIMIT ${LISTED_ATTEMPTS}) a) AS attempts
    FROM jobs j`;

export function toJob(row: JobRow): Job {
  return {
    ...toCommon(row),
    result: row.result,
    attempts: row.attempts.map((attempt) => ({
      ...attempt,
      started_at: toUtc(attempt.started_at),
      finished_at: attempt.finished_at && toUtc(attempt.finished_at),
    })),
  };
}

function toCommon(row: CommonRow) {
  return {
    id: row.id,
    kind: row.kind,
    status: row.status,
    priority: row.priority,
    progress: { done: row.progress_done, total: row.progress_total },
    error: row.error,
    processed_by_pod: row.processed_by_pod,
    attempt_count: row.attempt_count,
    max_attempts: row.max_attempts,
    run_at: row.run_at.toISOString(),
    created_at: row.created_at.toISOString(),
    started_at: row.started_at?.toISOString() ?? null,
    finished_at: row.finished_at?.toISOString() ?? null,
  };
}

/** PostgreSQL writes times inside JSON with an offset and microseconds; the API's are UTC with milliseconds. */
function toUtc(time: string): string {
  return new Date(time).toISOString();
}
