import { randomUUID } from 'node:crypto';
import { currentContext, currentOwner } from '@millrace/chassis/process';
import type { Queryable } from '@millrace/chassis/stores/postgres';
import type { Effect, ImageType, Scheduling } from '@millrace/contracts';
import type { DueJob } from '../outbox/publisher.js';

/** What is to be done. */
export type NewJob = NewTaskJob | NewTextJob | NewImageJob;

export interface NewTaskJob {
  kind: 'task';
  task: string;
  description?: string;
}

export interface NewTextJob {
  kind: 'analyze';
  text: string;
}

export interface NewImageJob {
  kind: 'image';
  type: ImageType;
  effects: Effect[];
  bytes: Buffer;
}

/** A job, when it is due, and the request that created it. */
export interface JobRequest<Job extends NewJob = NewJob> {
  job: Job;
  scheduling: Scheduling;
  requestId: string;
  traceparent?: string | undefined;
  owner: string | null;
}

/** The current request's ids, for the job. */
export function requestFor<Job extends NewJob>(job: Job, scheduling: Scheduling): JobRequest<Job> {
  const { requestId = '', traceparent } = currentContext() ?? {};
  return { job, scheduling, requestId, traceparent, owner: currentOwner() };
}

export interface CreateOptions {
  maxAttempts: number;
  /** When the sweeper takes over, in case the publication right after the commit failed. */
  sweepAfterMs: number;
}

export interface CreatedJob extends DueJob {
  owner: string | null;
  /** It may begin at once; otherwise the sweeper publishes it when it is due. */
  is_due: boolean;
}

/**
 * Writes jobs with their tasks, all or none, in one statement. A task and its job share their id. A job with an image is written
 * separately: see `createImageJob`.
 *
 * @returns the jobs in the order of their requests
 */
export function createJobs(
  db: Queryable,
  requests: JobRequest<NewTaskJob | NewTextJob>[],
  options: CreateOptions,
): Promise<CreatedJob[]> {
  return db.query<CreatedJob>(`${INSERT_JOBS} ${CREATED}`, valuesOf(requests, options));
}

/** Writes a job with its image. */
export async function createImageJob(
  db: Queryable,
  request: JobRequest<NewImageJob>,
  options: CreateOptions,
): Promise<CreatedJob> {
  const [created] = await db.query<CreatedJob>(
    `${INSERT_JOBS}, input AS (INSERT INTO job_inputs (job_id, bytes) SELECT id, $14 FROM job) ${CREATED}`,
    [...valuesOf([request], options), request.job.bytes],
  );
  return created!;
}

const INSERT_JOBS = `
  WITH asked AS MATERIALIZED (
    SELECT uuidv7() AS id, *
      FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::timestamptz[], $8::text[], $9::text[], $10::int[], $13::text[])
           WITH ORDINALITY AS asked (kind, title, description, payload, steps, priority, run_at, request_id, traceparent, input_bytes, owner, position)),
  task AS (
    INSERT INTO tasks (id, title, description, priority, job_status, owner)
    SELECT id, title, description, priority, 'queued', owner FROM asked WHERE title IS NOT NULL),
  job AS (
    INSERT INTO jobs (id, task_id, kind, payload, progress_total, priority, max_attempts, run_at, due_at, request_id, traceparent, input_bytes, owner)
    SELECT id, CASE WHEN title IS NOT NULL THEN id END, kind, payload::jsonb, steps, priority, $11, coalesce(run_at, now()),
           greatest(run_at, now() + CASE WHEN run_at > now() THEN '0 s' ELSE $12 * interval '1 ms' END),
           request_id, traceparent, input_bytes, owner
      FROM asked
    RETURNING id, kind, priority, traceparent, owner, run_at <= now() AS is_due)`;

const CREATED = 'SELECT job.* FROM job JOIN asked USING (id) ORDER BY position';

function valuesOf(requests: JobRequest[], { maxAttempts, sweepAfterMs }: CreateOptions): unknown[] {
  const column = <Value>(valueOf: (request: JobRequest) => Value) => requests.map(valueOf);
  return [
    column(({ job }) => job.kind),
    column(({ job }) => (job.kind === 'task' ? job.task : null)),
    column(({ job }) => (job.kind === 'task' ? (job.description ?? '') : null)),
    column(({ job }) => JSON.stringify(payloadOf(job))),
    column(({ job }) => (job.kind === 'image' ? job.effects.length : 1)),
    column(({ scheduling }) => scheduling.priority),
    column(({ scheduling }) => scheduling.run_at ?? null),
    column(({ requestId }) => requestId),
    column(({ traceparent }) => traceparent ?? null),
    column(({ job }) => inputBytes(job)),
    maxAttempts,
    sweepAfterMs,
    column(({ owner }) => owner),
  ];
}

function payloadOf(job: NewJob) {
  switch (job.kind) {
    case 'task':
      return { task: job.task };
    case 'analyze':
      return { text: job.text };
    case 'image':
      return { type: job.type, effects: job.effects, image_id: randomUUID() };
  }
}

/** The size of the job's text or image. */
export function inputBytes(job: NewJob): number {
  switch (job.kind) {
    case 'task':
      return Buffer.byteLength(job.task);
    case 'analyze':
      return Buffer.byteLength(job.text);
    case 'image':
      return job.bytes.length;
  }
}
