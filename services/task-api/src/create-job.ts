import { randomUUID } from 'node:crypto';
import type { Queryable } from '@millrace/chassis/postgres';
import type { Effect, ImageType, Scheduling } from '@millrace/contracts';
import type { DueJob } from './job-publisher.js';

/** What is to be done. */
export type NewJob =
  | { kind: 'task'; task: string; description?: string }
  | { kind: 'analyze'; text: string }
  | { kind: 'image'; type: ImageType; effects: Effect[]; bytes: Buffer };

export interface CreateOptions {
  maxAttempts: number;
  /** When the sweeper takes over, should the publication right after the commit have failed. */
  sweepAfterMs: number;
}

export interface CreatedJob extends DueJob {
  /** It may begin at once; else the sweeper publishes it at its time. */
  is_due: boolean;
}

/**
 * Writes a job with what belongs to it (its task, its picture), all or nothing: one statement. A task and its job share
 * their id.
 */
export async function createJob(
  db: Queryable,
  job: NewJob,
  scheduling: Scheduling,
  context: { requestId: string; traceparent?: string | undefined },
  { maxAttempts, sweepAfterMs }: CreateOptions,
): Promise<CreatedJob> {
  const own = ownParts(job);
  const [created] = await db.query<CreatedJob>(
    `WITH origin AS (${own.origin}),
     job AS (
       INSERT INTO jobs (id, task_id, kind, payload, progress_total, priority, max_attempts, run_at, due_at,
                         request_id, traceparent, input_bytes)
       SELECT id, task_id, $1, $2, $3, $4, $5, coalesce($6, now()),
              greatest($6::timestamptz, now() + CASE WHEN $6 > now() THEN '0 s' ELSE $7 * interval '1 ms' END), $8, $9, $10
         FROM origin
       RETURNING id, attempt, priority, request_id, traceparent, run_at <= now() AS is_due)
     ${own.input}
     SELECT * FROM job`,
    [
      job.kind,
      JSON.stringify(own.payload),
      own.steps,
      scheduling.priority,
      maxAttempts,
      scheduling.run_at ?? null,
      sweepAfterMs,
      context.requestId,
      context.traceparent ?? null,
      inputBytes(job),
      ...own.values,
    ],
  );
  return created!;
}

/** What the job's text or picture takes. */
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

const WITHOUT_TASK = 'SELECT uuidv7() AS id, NULL::uuid AS task_id';

/** How the kinds differ: where the id comes from, what else is written (from $11 on), and how many steps there are. */
function ownParts(job: NewJob) {
  switch (job.kind) {
    case 'task':
      return {
        origin:
          'INSERT INTO tasks (title, description, priority) VALUES ($11, $12, $4) RETURNING id, id AS task_id',
        input: '',
        values: [job.task, job.description ?? ''],
        payload: { task: job.task },
        steps: 1,
      };
    case 'analyze':
      return { origin: WITHOUT_TASK, input: '', values: [], payload: { text: job.text }, steps: 1 };
    case 'image':
      return {
        origin: WITHOUT_TASK,
        input: ', input AS (INSERT INTO job_inputs (job_id, bytes) SELECT id, $11 FROM job)',
        values: [job.bytes],
        payload: { type: job.type, effects: job.effects, image_id: randomUUID() },
        steps: job.effects.length,
      };
  }
}
