import { z } from 'zod';
import { pageQuerySchema } from './pagination.js';
import { prioritySchema } from './tasks.js';

/** The one BullMQ queue on Redis. It holds hints: which job is due. The job itself is a row in PostgreSQL. */
export const JOB_QUEUE = 'jobs';

export const jobKindSchema = z.enum(['task']);
export const jobStatusSchema = z.enum(['queued', 'processing', 'completed', 'failed', 'cancelled']);

/** What lies on the Redis queue. */
export interface JobMessage {
  jobId: string;
  requestId: string;
  traceparent?: string;
}

/** A job as the public API shows it. */
export const jobSchema = z.object({
  id: z.uuid(),
  kind: jobKindSchema,
  status: jobStatusSchema,
  priority: prioritySchema,
  /** How often a worker has begun it. */
  attempts: z.int(),
  max_attempts: z.int(),
  result: z.unknown(),
  error: z.string().nullable(),
  processed_by_pod: z.string().nullable(),
  created_at: z.iso.datetime(),
  started_at: z.iso.datetime().nullable(),
  finished_at: z.iso.datetime().nullable(),
});

export const listJobsQuerySchema = pageQuerySchema.extend({
  status: jobStatusSchema.optional(),
  kind: jobKindSchema.optional(),
});

// What a worker and task-api say to one another (internal HTTP).

/** POST /internal/jobs/:id/claim: 200 with the claimed job; 409 when there is nothing to do (done, cancelled, or another worker has it). */
export const claimJobSchema = z.strictObject({ pod: z.string().min(1) });

export const claimedJobSchema = z.object({
  id: z.uuid(),
  kind: jobKindSchema,
  /** Counts from 1. Only the holder of the current attempt may finish the job. */
  attempt: z.int(),
  payload: z.object({ task: z.string() }),
});

/** POST /internal/jobs/:id/complete: 204; 409 when the attempt is no longer the current one. */
export const completeJobSchema = z.strictObject({ attempt: z.int(), result: z.unknown() });

/** POST /internal/jobs/:id/fail: 204; 409 as above. The job is queued again until it is out of attempts. */
export const failJobSchema = z.strictObject({ attempt: z.int(), error: z.string().max(2_000) });

export type JobKind = z.infer<typeof jobKindSchema>;
export type JobStatus = z.infer<typeof jobStatusSchema>;
export type Job = z.infer<typeof jobSchema>;
export type ListJobsQuery = z.infer<typeof listJobsQuerySchema>;
export type ClaimedJob = z.infer<typeof claimedJobSchema>;
