import { z } from 'zod';
import { pageSchema } from '../pages.js';
import { serviceHealthSchema, systemHealthSchema } from '../health.js';
import { BASE_URL, systemHealth } from './examples.js';
import { headers, html, json, problems } from './answers.js';
import { curl, type Operation } from './operation.js';

const tags: Operation['tags'] = ['System'];
const health = z.union([systemHealthSchema, serviceHealthSchema]);
const kept = headers({
  ETag: '"M6J0cq1rYVhS2sJxwTqoQYpYbXyJ0vQzj7mQ0gk3fX8"',
  'Cache-Control': 'no-cache',
});
const unchanged = { description: 'The client already has this version.', headers: kept };

export const systemOperations: Operation[] = [
  {
    method: 'get',
    path: '/health',
    operationId: 'getHealth',
    tags,
    summary: 'Is everything healthy?',
    description:
      'Checks every replica of every service. On the host `task-user.local`, only the task service.',
    responses: {
      200: json('Everything is healthy.', health, systemHealth),
      503: json('A service is unhealthy.', health, { ...systemHealth, status: 'unhealthy' }),
    },
    ...curl(`curl ${BASE_URL}/health`),
  },
  {
    method: 'get',
    path: '/',
    operationId: 'getHome',
    tags,
    summary: 'The home page of the web UI',
    description: 'On the host `task-user.local`, the task service’s home page.',
    responses: { 200: html('A page.') },
    ...curl(`curl ${BASE_URL}/`),
  },
  {
    method: 'get',
    path: '/ui/{page}',
    operationId: 'getPage',
    tags,
    summary: 'A page of the web UI',
    request: { params: z.object({ page: pageSchema }) },
    responses: { 200: { ...html('A page.'), headers: kept }, 304: unchanged, ...problems(404) },
    ...curl(`curl ${BASE_URL}/ui/jobs`),
  },
  {
    method: 'get',
    path: '/ui/assets/{file}',
    operationId: 'getAsset',
    tags,
    summary: 'A script or style of the web UI',
    description: 'The name contains a hash of the content, so it can be cached forever.',
    request: { params: z.object({ file: z.string().meta({ example: 'main-1A2B3C4D.js' }) }) },
    responses: {
      200: {
        description: 'The file.',
        content: {
          'text/javascript': { schema: z.string() },
          'text/css': { schema: z.string() },
          'image/svg+xml': { schema: z.string() },
        },
        headers: headers({ 'Cache-Control': 'public, max-age=31536000, immutable' }),
      },
      ...problems(404),
    },
  },
  {
    method: 'get',
    path: '/docs',
    operationId: 'getReference',
    tags,
    summary: 'This reference',
    responses: { 200: { ...html('A page.'), headers: kept }, 304: unchanged },
    ...curl(`curl ${BASE_URL}/docs`),
  },
  {
    method: 'get',
    path: '/openapi.json',
    operationId: 'getDescription',
    tags,
    summary: 'The API as an OpenAPI 3.1 document',
    responses: {
      200: {
        description: 'The document.',
        headers: kept,
        content: {
          'application/json': {
            schema: z.looseObject({ openapi: z.string().regex(/^3\.1\.\d+$/) }),
          },
        },
      },
      304: unchanged,
    },
    ...curl(`curl ${BASE_URL}/openapi.json`),
  },
];
