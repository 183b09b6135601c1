import { serviceHealthSchema } from '../health.js';
import { pageQuerySchema } from '../pagination.js';
import { registerUserSchema, userSchema } from '../users.js';
import { BASE_URL, user, userHealth } from './examples.js';
import { bodyProblems, html, json, page, problem, problems } from './answers.js';
import { curl, type Operation, withAlias } from './operation.js';
import { jsonBody } from './requests.js';

const tags: Operation['tags'] = ['Users'];

export const userOperations: Operation[] = [
  {
    method: 'post',
    path: '/user/register',
    operationId: 'registerUser',
    tags,
    summary: 'Register a user',
    request: jsonBody(registerUserSchema, { name: 'Alice', email: 'alice@example.com' }),
    responses: {
      201: json('Registered.', userSchema, user),
      ...bodyProblems,
      409: problem(409, 'A user with this email address is already registered.'),
    },
    ...curl(`curl -X POST -H "Content-Type: application/json" \\
  -d '{"name":"Alice","email":"alice@example.com"}' \\
  ${BASE_URL}/user/register`),
  },
  {
    method: 'get',
    path: '/user/users',
    operationId: 'listUsers',
    tags,
    summary: 'List users',
    request: { query: pageQuerySchema },
    responses: { 200: page(userSchema, user, '/user/users'), ...problems(400, 503) },
    ...curl(`curl ${BASE_URL}/user/users`),
  },
  {
    method: 'get',
    path: '/user/health',
    operationId: 'getUserHealth',
    tags,
    summary: 'Is the user service healthy?',
    responses: {
      200: json('It is healthy.', serviceHealthSchema, userHealth),
      503: json('It is unhealthy.', serviceHealthSchema, {
        ...userHealth,
        status: 'unhealthy',
        checks: { postgres: { status: 'unhealthy', latency_ms: 1502 } },
      }),
    },
    ...curl(`curl ${BASE_URL}/user/health`),
  },
  ...withAlias(
    {
      method: 'get',
      path: '/user/',
      operationId: 'getUserPage',
      tags,
      summary: 'The user service’s home page',
      responses: { 200: html('A page.') },
      ...curl(`curl ${BASE_URL}/user/`),
    },
    '/user',
  ),
];
