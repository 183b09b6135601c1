// What web-gateway and queue-worker say to task-api about jobs (internal HTTP; Nginx has no route to it).
import { z } from 'zod';
import { TEXT_JSON_MAX_BYTES } from './analysis.js';
import { effectSchema, imageTypeSchema } from './images.js';
import { progressSchema, schedulingSchema } from './jobs.js';

/** POST /internal/jobs/analyze: 202 with an AcceptedJob. */
export const createAnalyzeJobSchema = schedulingSchema.extend({ text: z.string() });

/** POST /internal/jobs/image?…: the image is the body. 202 with an AcceptedJob. */
export const createImageJobQuerySchema = schedulingSchema.extend({
  effects: z
    .string()
    .max(100)
    .transform((list) => list.split(','))
    .pipe(z.array(effectSchema).min(1)),
});

const taskPayloadSchema = z.object({ task: z.string() });
const analyzePayloadSchema = z.object({ text: z.string() });
/** The image itself comes from GET /internal/jobs/:id/input. */
const imagePayloadSchema = z.object({
  type: imageTypeSchema,
  effects: z.array(effectSchema),
  /** The id of the finished image, the same in every attempt. Jobs that were accepted before it existed use their own id. */
  image_id: z.uuid().optional(),
});

/** The maximum number of jobs in one of the following requests. */
export const JOBS_A_REQUEST = 100;

/**
 * POST /internal/jobs/claims: 200 with the jobs that this worker now holds. Jobs that have finished, are not due, or belong to another
 * worker are left out. Texts can be long: jobs that did not fit into the response are in `later`, to be claimed again.
 */
export const claimJobsSchema = z.strictObject({
  pod: z.string().min(1),
  claims: z
    .array(
      z.strictObject({
        id: z.uuid(),
        /** Identifies the claim, so that it may be repeated when its response was lost. */
        claim: z.uuid(),
      }),
    )
    .min(1)
    .max(JOBS_A_REQUEST),
});

const claimed = z.object({
  id: z.uuid(),
  /** Counts from 1. Only the holder of the current attempt may report. */
  attempt: z.int(),
  /** Report at least this often, or the job goes to another worker. */
  lease_ms: z.int(),
  /** Of the request that created the job. */
  request_id: z.string(),
  traceparent: z.string().nullable(),
  /** The owner of its result. Replicas of an earlier version do not send it. */
  owner: z.string().nullable().default(null),
});
export const claimedJobSchema = z.discriminatedUnion('kind', [
  claimed.extend({ kind: z.literal('task'), payload: taskPayloadSchema }),
  claimed.extend({ kind: z.literal('analyze'), payload: analyzePayloadSchema }),
  claimed.extend({ kind: z.literal('image'), payload: imagePayloadSchema }),
]);

export const claimedJobsSchema = z.object({ jobs: z.array(claimedJobSchema), later: z.array(z.uuid()) });

// Reports. They count while their attempt is the job's current one and has not ended otherwise; when repeated, they count as before and
// change nothing. A worker whose report does not count stops.

const reports = <Report extends z.ZodType>(report: Report) =>
  z.strictObject({ reports: z.array(report).min(1).max(JOBS_A_REQUEST) });
const attemptOf = { id: z.uuid(), attempt: z.int() };

/** POST /internal/jobs/renewals: still working on them. 200 with `countedSchema`. */
export const renewJobsSchema = reports(z.strictObject({ ...attemptOf, progress: progressSchema.optional() }));

/** The maximum size of the results in one request, as JSON; a longer result goes by itself. */
export const REPORTED_BYTES = 256 * 1024;
export const REPORTS_JSON_MAX_BYTES = REPORTED_BYTES + TEXT_JSON_MAX_BYTES;

/** POST /internal/jobs/completions: 200 with `countedSchema`. */
export const completeJobsSchema = reports(z.strictObject({ ...attemptOf, result: z.unknown() }));

/** The jobs for which the report counts. */
export const countedSchema = z.object({ counted: z.array(z.uuid()) });

/** POST /internal/jobs/:id/fail: the job is queued again, unless it is out of attempts or `permanent`. 204, or 409 when the report does not count. */
export const failJobSchema = z.strictObject({
  attempt: z.int(),
  error: z.string().max(2_000),
  /** Another attempt would fail the same way: the input itself is invalid. */
  permanent: z.boolean().default(false),
  /** A replica that had the input crashed, and the input may be the reason. The second time, the failure is permanent. */
  broke: z.boolean().default(false),
});

export type ClaimedJob = z.infer<typeof claimedJobSchema>;
export type ClaimedJobs = z.infer<typeof claimedJobsSchema>;
export type Claim = z.infer<typeof claimJobsSchema>['claims'][number];
export type Renewal = z.infer<typeof renewJobsSchema>['reports'][number];
export type Completion = z.infer<typeof completeJobsSchema>['reports'][number];
