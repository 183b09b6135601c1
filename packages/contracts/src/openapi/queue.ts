import { schedulingSchema } from '../jobs.js';
import { z } from 'zod';
import { queuedTaskSchema, queueTaskSchema } from '../tasks.js';
import { BASE_URL, queuedTask } from './examples.js';
import { keyedBodyProblems, located, problem, problems } from './answers.js';
import { curl, type Operation } from './operation.js';
import { idempotencyHeader, jsonBody } from './requests.js';

const accepted = located(
  'Accepted. It will be completed.',
  queuedTaskSchema,
  queuedTask,
  queuedTask.status_url,
);

const fromPath = {
  tags: ['Queue'],
  request: {
    params: z.object({ task: queueTaskSchema.shape.task }),
    query: schedulingSchema,
    headers: idempotencyHeader,
  },
  responses: {
    202: accepted,
    ...problems(400, 503),
    422: problem(422, 'This `Idempotency-Key` was used for another request. Use a new one.'),
  },
} satisfies Partial<Operation>;

export const queueOperations: Operation[] = [
  {
    ...fromPath,
    method: 'post',
    path: '/api/add/{task}',
    operationId: 'addTask',
    summary: 'Queue a task',
    description:
      'The task is the last part of the path, percent-encoded: at most 16 KiB. Send longer ones as JSON.',
    ...curl(`curl -X POST ${BASE_URL}/api/add/task1`),
  },
  {
    method: 'post',
    path: '/api/add',
    operationId: 'addTaskFromBody',
    tags: ['Queue'],
    summary: 'Queue a task, sent as JSON',
    request: {
      ...jsonBody(queueTaskSchema, { task: 'task1', priority: 'high' }),
      headers: idempotencyHeader,
    },
    responses: { 202: accepted, ...keyedBodyProblems },
    ...curl(`curl -X POST ${BASE_URL}/api/add \\
  -H "Content-Type: application/json" \\
  -d '{"task": "task1", "priority": "high"}'`),
  },
  {
    ...fromPath,
    method: 'get',
    path: '/add/{task}',
    operationId: 'addTaskFromBrowser',
    summary: 'Queue a task from a browser’s address bar',
    description:
      'Only for trying it out: programs should not use a GET that changes something. Prefetching it is refused.',
    ...curl(`curl ${BASE_URL}/add/task1`),
  },
];
