import { z } from 'zod';
import {
  createTaskSchema,
  listTasksQuerySchema,
  replaceTaskSchema,
  taskSchema,
  updateTaskSchema,
} from '../tasks.js';
import { BASE_URL, completedTask, task, TASK_ID } from './examples.js';
import { bodyProblems, json, keyedBodyProblems, located, page, problems } from './answers.js';
import { curl, type Operation, withAlias } from './operation.js';
import { idempotencyHeader, jsonBody } from './requests.js';

const tags: Operation['tags'] = ['Tasks'];
const params = z.object({ id: z.uuid().meta({ description: 'The task’s id.', example: TASK_ID }) });
const asJson = '-H "Content-Type: application/json"';
const one = `${BASE_URL}/api/tasks/${TASK_ID}`;

const collection: Operation[] = [
  {
    method: 'get',
    path: '/api/tasks',
    operationId: 'listTasks',
    tags,
    summary: 'List tasks',
    description:
      'A page ends early, and can be empty, when its titles and descriptions exceed 512 KiB or a search takes long. `Link` has the next page.',
    request: { query: listTasksQuerySchema },
    responses: { 200: page(taskSchema, task, '/api/tasks'), ...problems(400, 429, 503) },
    ...curl(`curl ${BASE_URL}/api/tasks`, `curl "${BASE_URL}/api/tasks?q=milk&priority=medium&limit=1"`),
  },
  {
    method: 'post',
    path: '/api/tasks',
    operationId: 'createTask',
    tags,
    summary: 'Create a task',
    description:
      'A task for people; workers do not touch it. To run one in the background, use `POST /api/add`.',
    request: {
      ...jsonBody(createTaskSchema, { title: 'Buy milk', description: '2L whole' }),
      headers: idempotencyHeader,
    },
    responses: {
      201: located('Created.', taskSchema, task, `/api/tasks/${TASK_ID}`),
      ...keyedBodyProblems,
    },
    ...curl(`curl -X POST ${BASE_URL}/api/tasks ${asJson} \\
  -d '{"title": "Buy milk", "description": "2L whole"}'`),
  },
];

const events: Operation[] = [
  {
    method: 'get',
    path: '/api/tasks/events',
    operationId: 'watchTasks',
    tags,
    summary: 'Get notified when tasks change',
    description:
      'Server-sent events. A `change` event means that some task or job has changed and lists should be fetched again; there is at most one per second. Changes while a client was disconnected are not reported: fetch when the stream opens. A replica keeps up to 1,000 streams open (`EVENT_STREAM_LIMIT`; beyond that, 503), and 50 per address (`EVENT_STREAM_LIMIT_PER_CLIENT`; beyond that, 429).',
    responses: {
      200: {
        description: 'An endless stream of events.',
        content: {
          'text/event-stream': { schema: z.string(), example: 'retry: 1000\n\nevent: change\ndata:\n\n' },
        },
      },
      ...problems(429, 503),
    },
    ...curl(`curl -N ${BASE_URL}/api/tasks/events`),
  },
];

const single: Operation[] = [
  {
    method: 'get',
    path: '/api/tasks/{id}',
    operationId: 'getTask',
    tags,
    summary: 'Get a task',
    request: { params },
    responses: { 200: json('The task.', taskSchema, task), ...problems(400, 404, 503) },
    ...curl(`curl ${one}`),
  },
  {
    method: 'patch',
    path: '/api/tasks/{id}',
    operationId: 'updateTask',
    tags,
    summary: 'Change a task, or complete it',
    description: 'Omitted fields stay as they are.',
    request: { params, ...jsonBody(updateTaskSchema, { completed: true }) },
    responses: {
      200: json('The updated task.', taskSchema, completedTask),
      ...bodyProblems,
      ...problems(404),
    },
    ...curl(`curl -X PATCH ${one} ${asJson} \\
  -d '{"completed": true}'`),
  },
  {
    method: 'put',
    path: '/api/tasks/{id}',
    operationId: 'replaceTask',
    tags,
    summary: 'Replace a task',
    description: 'Omitted fields are reset to their defaults.',
    request: { params, ...jsonBody(replaceTaskSchema, { title: 'Buy milk', description: '2L whole' }) },
    responses: { 200: json('The updated task.', taskSchema, task), ...bodyProblems, ...problems(404) },
    ...curl(`curl -X PUT ${one} ${asJson} \\
  -d '{"title": "Buy milk", "description": "2L whole"}'`),
  },
  {
    method: 'delete',
    path: '/api/tasks/{id}',
    operationId: 'deleteTask',
    tags,
    summary: 'Delete a task',
    description: 'Also deletes its job, if it has one.',
    request: { params },
    responses: { 204: { description: 'Deleted.' }, ...problems(400, 404, 503) },
    ...curl(`curl -X DELETE ${one}`),
  },
];

export const taskOperations: Operation[] = [
  ...events,
  ...[...collection, ...single].flatMap((operation) =>
    withAlias(operation, operation.path.replace('/api/', '/')),
  ),
];
