import { z } from 'zod';
import { JOB_KINDS, JOB_STATUSES, PRIORITIES } from './constants.js';
import { pageQuerySchema } from './pagination.js';

export const prioritySchema = z.enum(PRIORITIES);
export const jobKindSchema = z.enum(JOB_KINDS);

export const jobStatusSchema = z.enum(JOB_STATUSES);

/**
 * The queues in Redis, one for each kind, so that many jobs of one kind do not delay those of another. Each is a sorted set of the ids of jobs
 * that are due, the most urgent first and then the oldest, as ids contain the time (UUIDv7). An entry is a hint, and each job has at most
 * one: the job itself is a row in PostgreSQL. Replicas of an earlier version put jobs of all kinds into the first one.
 */
export const JOB_QUEUES: Record<JobKind, string> = {
  task: 'jobs:due',
  analyze: 'jobs:due:analyze',
  image: 'jobs:due:image',
};
/** The scores of their members. */
export const QUEUE_RANK: Record<Priority, number> = { high: 1, medium: 2, low: 3 };

const RUN_AT_MAX_DAYS = 30;
const DAY_MS = 86_400_000;

/** Converts a time with any offset to UTC: PostgreSQL accepts fewer offsets and years than RFC 3339. */
const runAtSchema = z.iso
  .datetime({
    offset: true,
    abort: true,
    error: ({ input }) =>
      // A plus sign that is not escaped in a URL.
      / \d\d:\d\d$/.test(String(input))
        ? 'must be a time such as 2026-11-21T08:00:00+02:00; in a URL, write + as %2B'
        : 'must be a time such as 2026-11-21T08:00:00Z',
  })
  .refine((text) => {
    const time = Date.parse(text);
    return time >= 0 && time <= Date.now() + RUN_AT_MAX_DAYS * DAY_MS;
  }, `must be between 1970 and ${RUN_AT_MAX_DAYS} days from now`)
  .transform((text) => new Date(text).toISOString());

/** How urgent a job is, and when it may begin at the earliest. */
export const schedulingSchema = z.strictObject({
  priority: prioritySchema.default('medium').meta({ description: 'Which jobs are started first.' }),
  run_at: runAtSchema.optional().meta({
    description: `The earliest start, at most ${RUN_AT_MAX_DAYS} days from now; in a URL, write \`+\` as \`%2B\`. If omitted or in the past, the job starts as soon as possible.`,
  }),
});

/** The query of a call that can also be a job. */
export const asyncQuerySchema = schedulingSchema
  .extend({
    async: z
      .enum(['true', 'false'])
      .default('false')
      .meta({ description: '`true`: respond with 202 right away and do the work as a job.' }),
  })
  .refine(({ async, run_at }) => async === 'true' || run_at === undefined, {
    path: ['run_at'],
    message: 'requires async=true',
  });

export const idempotencyKeySchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
  .meta({
    description:
      'Makes it safe to retry: the same key with the same input returns the first response for 24 hours and creates nothing more.',
    example: 'newsletter-2026-11',
  });

/** One attempt of a worker; `outcome` is null while it is running, `lost` when the worker disappeared or was too slow. */
export const jobAttemptSchema = z.object({
  attempt: z.int(),
  pod: z.string(),
  started_at: z.iso.datetime(),
  finished_at: z.iso.datetime().nullable(),
  outcome: z.enum(['completed', 'failed', 'lost']).nullable().meta({
    description: 'Null while it is running; `lost` when the worker disappeared or was too slow.',
  }),
  error: z.string().nullable(),
});

/** How many of a job's steps are done; an image has one step for each effect. */
export const progressSchema = z
  .object({ done: z.int().min(0), total: z.int().min(1) })
  .meta({ description: 'How many steps of the job are done; an image has one step per effect.' });

/** How many of a job's attempts are shown, of up to 100. */
export const LISTED_ATTEMPTS = 50;
/** How many characters of a text a list shows. */
export const LIST_TEXT_MAX = 200;

/** A job as the public API shows it. */
export const jobSchema = z.object({
  id: z.uuid(),
  kind: jobKindSchema,
  status: jobStatusSchema,
  priority: prioritySchema,
  progress: progressSchema,
  attempts: z
    .array(jobAttemptSchema)
    .max(LISTED_ATTEMPTS)
    .meta({ description: `The latest ${LISTED_ATTEMPTS} attempts, in order.` }),
  attempt_count: z.int().meta({ description: 'The number of attempts so far.' }),
  max_attempts: z.int().meta({
    description:
      'The total number of attempts after which the job fails for good. Retrying it by hand adds more.',
  }),
  /** Depends on the kind: what the synchronous call would have returned. Null until then. */
  result: z.unknown(),
  error: z.string().nullable().meta({ description: 'The latest error.' }),
  processed_by_pod: z.string().nullable().meta({ description: 'The worker replica that processed it last.' }),
  run_at: z.iso.datetime(),
  created_at: z.iso.datetime(),
  started_at: z.iso.datetime().nullable(),
  finished_at: z.iso.datetime().nullable(),
});

/**
 * A job in a list: only what a row shows. Results, attempts and long texts are part of the single job, so that even the longest list stays
 * under a megabyte.
 */
export const jobListItemSchema = jobSchema
  .omit({ attempts: true, result: true })
  .extend({
    title: z
      .string()
      .nullable()
      .meta({
        description: `The first ${LIST_TEXT_MAX} characters of the task; null for other kinds.`,
      }),
    error: z
      .string()
      .nullable()
      .meta({ description: `The first ${LIST_TEXT_MAX} characters of the latest error.` }),
  })
  .meta({ id: 'JobListItem' });

/** 202 to an asynchronous /analyze or /upload. */
export const acceptedJobSchema = z
  .object({
    id: z.uuid(),
    kind: jobKindSchema,
    status: z.literal('queued'),
    status_url: z.string().meta({ description: 'The URL of the job.' }),
  })
  .meta({ id: 'AcceptedJob' });

export const listJobsQuerySchema = pageQuerySchema.extend({
  status: jobStatusSchema.optional(),
  kind: jobKindSchema.optional(),
});

export const deleteJobQuerySchema = z.strictObject({
  status: jobStatusSchema.optional().meta({
    description:
      'Only act if the job has this status. With `queued`, a job is cancelled, but never deleted if it has just finished.',
  }),
});

/** The state of the queue as a whole. */
export const jobSummarySchema = z
  .object({
    counts: z.record(jobStatusSchema, z.int()),
    due: z.int().meta({ description: 'Queued jobs that can start now.' }),
    scheduled: z.int().meta({
      description: 'Queued jobs that cannot start yet, including those waiting for their next attempt.',
    }),
    oldest_waiting_s: z.number().nullable().meta({
      description: 'How long the oldest due job has been waiting; null if none is.',
    }),
    completed_last_minute: z.int(),
  })
  .meta({ id: 'JobSummary' });

export type Priority = z.infer<typeof prioritySchema>;
export type JobKind = z.infer<typeof jobKindSchema>;
export type JobStatus = z.infer<typeof jobStatusSchema>;
export type Scheduling = z.infer<typeof schedulingSchema>;
export type Job = z.infer<typeof jobSchema>;
export type JobListItem = z.infer<typeof jobListItemSchema>;
export type JobAttempt = z.infer<typeof jobAttemptSchema>;
export type AcceptedJob = z.infer<typeof acceptedJobSchema>;
export type JobSummary = z.infer<typeof jobSummarySchema>;
export type ListJobsQuery = z.infer<typeof listJobsQuerySchema>;
export type Progress = z.infer<typeof progressSchema>;
