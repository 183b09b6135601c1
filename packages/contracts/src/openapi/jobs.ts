import { z } from 'zod';
import { analyzeResponseSchema } from '../analysis.js';
import { uploadResponseSchema } from '../images.js';
import {
  deleteJobQuerySchema,
  jobListItemSchema,
  jobSchema,
  jobSummarySchema,
  listJobsQuerySchema,
} from '../jobs.js';
import { BASE_URL, cancelledJob, completedJob, JOB_ID, jobUrl, listedJob, queuedJob } from './examples.js';
import { curl, json, located, type Operation, page, problem, problems } from './operation.js';

/** The services keep a result as it comes; here it is said what comes. */
const publishedJobSchema = jobSchema
  .extend({
    result: z
      .union([z.object({ task: z.string() }), analyzeResponseSchema, uploadResponseSchema])
      .nullable()
      .meta({ description: 'What the synchronous call would have answered. Null until then.' }),
  })
  .meta({ id: 'Job' });

const tags: Operation['tags'] = ['Jobs'];
const params = z.object({ id: z.uuid().meta({ description: 'The job’s id.', example: JOB_ID }) });

export const jobOperations: Operation[] = [
  {
    method: 'get',
    path: '/api/jobs',
    operationId: 'listJobs',
    tags,
    summary: 'List the jobs',
    description: 'A line for each. Its result, its attempts and long texts are told by the job itself.',
    request: { query: listJobsQuerySchema },
    responses: { 200: page(jobListItemSchema, listedJob, '/api/jobs'), ...problems(400, 503) },
    ...curl(`curl "${BASE_URL}/api/jobs?status=completed&limit=1"`),
  },
  {
    method: 'get',
    path: '/api/jobs/summary',
    operationId: 'summarizeJobs',
    tags,
    summary: 'The state of the queue as a whole',
    responses: {
      200: json('How many jobs are in which state.', jobSummarySchema, {
        counts: { queued: 0, processing: 0, completed: 4, failed: 0, cancelled: 0 },
        due: 0,
        scheduled: 0,
        oldest_waiting_s: null,
        completed_last_minute: 4,
      }),
      ...problems(503),
    },
    ...curl(`curl ${BASE_URL}/api/jobs/summary`),
  },
  {
    method: 'get',
    path: '/api/jobs/{id}',
    operationId: 'getJob',
    tags,
    summary: 'Look at one job',
    request: { params },
    responses: { 200: json('The job.', publishedJobSchema, completedJob), ...problems(400, 404, 503) },
    ...curl(`curl ${BASE_URL}${jobUrl(JOB_ID)}`),
  },
  {
    method: 'get',
    path: '/api/jobs/{id}/events',
    operationId: 'watchJob',
    tags,
    summary: 'Watch a job as it goes on',
    description:
      'Server-sent events. Each event `job` is the whole job as it then was. The stream ends with the job, or with an event `deleted` when the job is deleted; an `EventSource` that comes back goes on where it was. How many streams may be open is limited, as for `GET /api/tasks/events`.',
    request: {
      params,
      headers: z.object({
        'Last-Event-ID': z
          .string()
          .optional()
          .meta({ description: 'The last event that was seen.', example: 'processing.1.0' }),
      }),
    },
    responses: {
      200: {
        description: 'A stream of events.',
        content: {
          'text/event-stream': {
            schema: z.string(),
            example: `retry: 1000\n\nid: completed.1.1\nevent: job\ndata: ${JSON.stringify(completedJob)}\n\n`,
          },
        },
      },
      204: { description: 'The last event that was seen was the last of all.' },
      ...problems(400, 404, 429, 503),
    },
    ...curl(`curl -N ${BASE_URL}${jobUrl(JOB_ID)}/events`),
  },
  {
    method: 'post',
    path: '/api/jobs/{id}/retry',
    operationId: 'retryJob',
    tags,
    summary: 'Try a failed job again',
    description:
      'An image or a text that was refused is not kept for that, and one whose job failed for want of a worker for a day at most.',
    request: { params },
    responses: {
      202: located('Queued again.', publishedJobSchema, queuedJob, jobUrl(JOB_ID)),
      ...problems(400, 404, 503),
      409: problem(
        409,
        'It has not failed, was tried a hundred times, or what it was given is no longer kept.',
        {
          detail: 'Only a failed job can be retried; this one is completed.',
        },
      ),
    },
    ...curl(`curl -X POST ${BASE_URL}${jobUrl(JOB_ID)}/retry`),
  },
  {
    method: 'delete',
    path: '/api/jobs/{id}',
    operationId: 'deleteJob',
    tags,
    summary: 'Cancel a job that has not begun, or delete one that has ended',
    description:
      'A queued job is cancelled, and stays visible as `cancelled`. An ended one is deleted with its result; its task stays. Without this, jobs are deleted 30 days after their end (`JOB_TTL_SECONDS`).',
    request: { params, query: deleteJobQuerySchema },
    responses: {
      200: json('The cancelled job.', publishedJobSchema, cancelledJob),
      204: { description: 'It is deleted.' },
      ...problems(400, 404, 503),
      409: problem(409, 'A worker has it, or it is in another state than `status` says.', {
        detail: 'A queued job can be cancelled, and an ended one deleted; this one is processing.',
      }),
    },
    ...curl(`curl -X DELETE ${BASE_URL}${jobUrl(JOB_ID)}`),
  },
];
