import { createHash } from 'node:crypto';
import type { Logger } from '@millrace/chassis/process';
import type { Queryable } from '@millrace/chassis/stores/postgres';
import {
  isSampled,
  isTracing,
  outsideOfTraces,
  recordSpan,
  toTraceparent,
} from '@millrace/chassis/telemetry';
import type { ClaimedJob } from '@millrace/contracts';
import type { JobLeases } from './leases.js';

// A killed worker loses its last spans. So the two parts of a job's time, waiting and attempts, are recorded not by workers but by
// task-api, from the rows, when they are over: `wait jobs` ends with a claim, `attempt jobs` with a report, or it is lost. The worker's own spans
// are inside the attempt, whose span id is derived from the job, so the worker knows it from the claim on.

interface Attempt {
  id: string;
  attempt: number;
}

interface AttemptRow extends Attempt {
  kind: string;
  traceparent: string | null;
  pod: string;
  /** Since it has been waiting: since it was accepted, or the previous attempt ended. */
  queued_at: Date;
  run_at: Date;
  started_at: Date;
  finished_at: Date | null;
  outcome: 'completed' | 'failed' | 'lost' | null;
  /** The previous attempt, if it was lost. */
  lost: { pod: string; started_at: string; finished_at: string } | null;
}

/** A lost attempt ends when the sweeper takes the job back, or the next attempt begins. */
const ATTEMPTS = `
  SELECT id, kind, traceparent, run_at, a.attempt, a.pod, a.started_at, a.finished_at, a.outcome,
         coalesce(before.ended_at, created_at) AS queued_at,
         CASE WHEN before.outcome = 'lost'
              THEN json_build_object('pod', before.pod, 'started_at', before.started_at, 'finished_at', before.ended_at) END AS lost
    FROM unnest($1::uuid[], $2::int[]) AS asked (id, attempt)
    JOIN jobs USING (id)
    JOIN job_attempts a ON a.job_id = id AND a.attempt = asked.attempt
    LEFT JOIN LATERAL (
      SELECT pod, outcome, started_at,
             CASE WHEN outcome = 'lost' AND published_at > started_at THEN least(published_at, finished_at) ELSE finished_at END AS ended_at
        FROM job_attempts WHERE job_id = id AND attempt = asked.attempt - 1) AS before ON true`;

export interface AttemptSpans {
  /** Records how long jobs waited for the attempts that begin now, and their previous attempts if those were lost. */
  begun(attempts: Attempt[]): void;
  /** Records finished attempts. */
  ended(attempts: Attempt[]): void;
}

/** Records in the background: nothing waits for it, and a failure only leaves a gap in a trace. */
export function createAttemptSpans(db: Queryable, logger: Logger): AttemptSpans {
  const record = (attempts: Attempt[], recordRow: (row: AttemptRow & { traceparent: string }) => void) => {
    if (!isTracing() || attempts.length === 0) return;
    const asked = [attempts.map(({ id }) => id), attempts.map(({ attempt }) => attempt)];
    outsideOfTraces(() => db.query<AttemptRow>(ATTEMPTS, asked)).then(
      (rows) => rows.filter(isTraced).forEach(recordRow),
      (error: unknown) => logger.debug({ err: error }, 'attempts are missing from traces'),
    );
  };
  return {
    begun: (attempts) =>
      record(attempts, (row) => {
        if (row.lost) {
          const [start, end] = [new Date(row.lost.started_at), new Date(row.lost.finished_at)];
          recordAttempt({ ...row, attempt: row.attempt - 1, pod: row.lost.pod, outcome: 'lost', start, end });
        }
        recordWait(row);
      }),
    ended: (attempts) =>
      record(attempts, (row) => {
        if (row.finished_at) recordAttempt({ ...row, start: row.started_at, end: row.finished_at });
      }),
  };
}

/** The same leases, but a worker gets the traceparent of its attempt instead of the request's. */
export function withAttemptSpans(leases: JobLeases, spans: AttemptSpans): JobLeases {
  return {
    ...leases,
    async claim(claims, pod) {
      const { jobs, later } = await leases.claim(claims, pod);
      spans.begun(jobs.filter(isTraced));
      return { jobs: jobs.map(inItsAttempt), later };
    },
    async complete(completions) {
      const counted = await leases.complete(completions);
      spans.ended(completions.filter(({ id }) => counted.includes(id)));
      return counted;
    },
    async fail(id, attempt, failure) {
      const counts = await leases.fail(id, attempt, failure);
      if (counts) spans.ended([{ id, attempt }]);
      return counts;
    },
  };
}

function inItsAttempt(job: ClaimedJob): ClaimedJob {
  if (!isTracing() || !isTraced(job)) return job;
  const traceId = job.traceparent.slice(3, 35);
  return { ...job, traceparent: toTraceparent({ traceId, spanId: spanIdOf('attempt', job), traceFlags: 1 }) };
}

function recordWait(row: AttemptRow & { traceparent: string }): void {
  recordSpan({
    name: 'wait jobs',
    kind: 'internal',
    parent: row.traceparent,
    spanId: spanIdOf('wait', row),
    start: row.queued_at,
    end: row.started_at,
    attributes: {
      ...attributesOf(row),
      // Until then, it waited for its scheduled time or for the pause after a failure; from then on, for a worker.
      'millrace.job.run_at': row.run_at.toISOString(),
    },
  });
}

function recordAttempt(row: AttemptRow & { traceparent: string; start: Date; end: Date }): void {
  const { outcome } = row;
  recordSpan({
    name: 'attempt jobs',
    kind: 'internal',
    parent: row.traceparent,
    spanId: spanIdOf('attempt', row),
    start: row.start,
    end: row.end,
    attributes: { ...attributesOf(row), 'millrace.pod': row.pod, 'millrace.job.outcome': outcome ?? '' },
    error: outcome === 'lost' ? 'lease lost' : outcome === 'failed' ? 'failed' : undefined,
  });
}

function attributesOf({ id, kind, attempt }: AttemptRow) {
  return { 'messaging.message.id': id, 'millrace.job.kind': kind, 'millrace.job.attempt': attempt };
}

/** The same in every replica: one replica may hand a job out, and another one receives the report. */
function spanIdOf(what: 'wait' | 'attempt', { id, attempt }: Attempt): string {
  return createHash('sha256').update(`${what}/${id}/${attempt}`).digest('hex').slice(0, 16);
}

function isTraced<Job extends { traceparent: string | null }>(
  job: Job,
): job is Job & { traceparent: string } {
  return isSampled(job.traceparent);
}
