import { z } from 'zod';
import {
  createdKeySchema,
  createKeySchema,
  keySchema,
  KEYS_PER_OWNER,
  listKeysQuerySchema,
} from '../keys.js';
import { bodyProblems, json, problem, problems } from './answers.js';
import { BASE_URL } from './examples.js';
import { curl, type Operation } from './operation.js';
import { jsonBody } from './requests.js';

const tags: Operation['tags'] = ['Keys'];
const KEY_ID = '01a1fcc3-46f2-7d6b-9d3e-5f2c8a90b1e4';
const params = z.object({ id: z.uuid().meta({ description: 'The key’s id.', example: KEY_ID }) });

const key = {
  id: KEY_ID,
  name: 'nightly import',
  prefix: 'millrace_4fZk9Q',
  scopes: ['tasks:write'],
  created_at: '2026-11-21T06:33:18.876Z',
  expires_at: '2027-02-19T06:33:18.876Z',
};

/** Only with sign-in: otherwise, keys would have no purpose. */
export const keyOperations: Operation[] = [
  {
    method: 'post',
    path: '/api/keys',
    operationId: 'createKey',
    tags,
    summary: 'Create an API key',
    description: `Scripts send it like an access token: \`Authorization: Bearer millrace_…\`. What they create belongs to the user who created the key. Each user can have up to ${KEYS_PER_OWNER} keys.`,
    request: jsonBody(createKeySchema, { name: 'nightly import', scopes: ['tasks:write'] }),
    responses: {
      201: json('Created.', createdKeySchema, { ...key, key: 'millrace_4fZk9Q…' }),
      ...bodyProblems,
      409: problem(409, `You already have ${KEYS_PER_OWNER} keys. Revoke one.`),
    },
    ...curl(`curl -X POST -H "Content-Type: application/json" \\
  -d '{"name":"nightly import","scopes":["tasks:write"]}' \\
  ${BASE_URL}/api/keys`),
  },
  {
    method: 'get',
    path: '/api/keys',
    operationId: 'listKeys',
    tags,
    summary: 'List your API keys',
    request: { query: listKeysQuerySchema },
    responses: { 200: json('All of them, newest first.', z.array(keySchema), [key]), ...problems(400, 503) },
    ...curl(`curl ${BASE_URL}/api/keys`),
  },
  {
    method: 'delete',
    path: '/api/keys/{id}',
    operationId: 'revokeKey',
    tags,
    summary: 'Revoke an API key',
    description: 'It stops working within ten seconds; event streams opened with it end within a minute.',
    request: { params },
    responses: { 204: { description: 'Revoked.' }, ...problems(400, 404, 503) },
    ...curl(`curl -X DELETE ${BASE_URL}/api/keys/${KEY_ID}`),
  },
];
