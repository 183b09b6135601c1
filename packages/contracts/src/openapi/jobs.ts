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
import { json, located, page, problem, problems } from './answers.js';
import { curl, type Operation } from './operation.js';

/** The services store a result as it is; this describes its forms. */
const publishedJobSchema = jobSchema
  .extend({
    result: z
      .union([z.object({ task: z.string() }), analyzeResponseSchema, uploadResponseSchema])
      .nullable()
      .meta({ description: 'What the synchronous call would have returned; null until then.' }),
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
    summary: 'List jobs',
    description: 'One line per job. Get the job itself for its result, its attempts and long texts.',
    request: { query: listJobsQuerySchema },
    responses: { 200: page(jobListItemSchema, listedJob, '/api/jobs'), ...problems(400, 503) },
    ...curl(`curl "${BASE_URL}/api/jobs?status=completed&limit=1"`),
  },
  {
    method: 'get',
    path: '/api/jobs/summary',
    operationId: 'summarizeJobs',
    tags,
    summary: 'Get the state of the queue',
    responses: {
      200: json('The number of jobs per status.', jobSummarySchema, {
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
    summary: 'Get a job',
    request: { params },
    responses: { 200: json('The job.', publishedJobSchema, completedJob), ...problems(400, 404, 503) },
    ...curl(`curl ${BASE_URL}${jobUrl(JOB_ID)}`),
  },
  {
    method: 'get',
    path: '/api/jobs/{id}/events',
    operationId: 'watchJob',
    tags,
    summary: 'Follow a job live',
    description:
      'Server-sent events. Each `job` event has the complete job at that time. The stream ends when the job has finished, or with a `deleted` event; an `EventSource` that reconnects continues where it left off. The number of open streams is limited, as for `GET /api/tasks/events`.',
    request: {
      params,
      headers: z.object({
        'Last-Event-ID': z
          .string()
          .optional()
          .meta({ description: 'The id of the last event received.', example: 'processing.1.0' }),
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
      204: { description: 'There are no more events after the last one received.' },
      ...problems(400, 404, 429, 503),
    },
    ...curl(`curl -N ${BASE_URL}${jobUrl(JOB_ID)}/events`),
  },
  {
    method: 'post',
    path: '/api/jobs/{id}/retry',
    operationId: 'retryJob',
    tags,
    summary: 'Retry a failed job',
    description:
      'The input must still be stored. A refused image or text is not; if the job failed because no worker was available, it is kept for at most a day.',
    request: { params },
    responses: {
      202: located('Queued again.', publishedJobSchema, queuedJob, jobUrl(JOB_ID)),
      ...problems(400, 404, 503),
      409: problem(
        409,
        'It has not failed, it was tried a hundred times, or its input is no longer stored.',
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
    summary: 'Cancel a queued job, or delete a finished one',
    description:
      'A queued job is cancelled and stays visible as `cancelled`. A finished job is deleted with its result; its task stays. Otherwise jobs are deleted 30 days after they finish (`JOB_TTL_SECONDS`).',
    request: { params, query: deleteJobQuerySchema },
    responses: {
      200: json('The cancelled job.', publishedJobSchema, cancelledJob),
      204: { description: 'Deleted.' },
      ...problems(400, 404, 503),
      409: problem(409, 'A worker is processing it, or it does not have the given `status`.', {
        detail:
          'Only a queued job can be cancelled, and only a finished one deleted; this one is processing.',
      }),
    },
    ...curl(`curl -X DELETE ${BASE_URL}${jobUrl(JOB_ID)}`),
  },
];
