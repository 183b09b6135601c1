import { STATUS_CODES } from 'node:http';
import type { ResponseConfig, RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { IDEMPOTENCY_KEY, idempotencyKeySchema } from '../jobs.js';
import { problemSchema } from '../problem.js';
import { REQUEST_ID } from './examples.js';

/** The tags in the order of the reference, each with what its calls have in common. */
export const TAGS = {
  Queue: 'Hand a task to the workers. Once it is answered with 202, it will be done, exactly once.',
  Jobs: 'Follow queued work of every kind, and step in.',
  Tasks: 'Tasks for people, and those that the workers do. `/tasks` is an alias of `/api/tasks`.',
  Text: 'Count words and reverse text.',
  Images: 'Send a picture through the effect workers. The result is kept for up to a day.',
  Users: 'Register users and list them.',
  System: 'Health, and this reference.',
} as const;

/** One call of the public API. The library's own form, so that all of OpenAPI can be said. */
export type Operation = RouteConfig & {
  operationId: string;
  summary: string;
  tags: [keyof typeof TAGS];
  responses: Record<string, ResponseConfig>;
  /** Whole commands for a shell, the usual extension of OpenAPI for them. */
  'x-codeSamples'?: { lang: string; label: string; source: string }[];
};

type Header = 'Location' | 'Link' | 'ETag' | 'Cache-Control' | 'Content-Range' | 'Accept-Ranges';

const HEADER_MEANINGS: Record<Header, string> = {
  Location: 'Where it is.',
  Link: 'The next page, `rel="next"` (RFC 8288). Absent on the last one.',
  ETag: 'Names this version; send it back as `If-None-Match`.',
  'Cache-Control': 'How long the answer may be kept.',
  'Content-Range': 'Which part this is, and of how many bytes.',
  'Accept-Ranges': 'That parts can be asked for.',
};

/** An answer's headers, each with an example of its value. */
export function headers(examples: Partial<Record<Header, string>>): ResponseConfig['headers'] {
  return Object.fromEntries(
    Object.entries(examples).map(([name, example]) => [
      name,
      {
        description: HEADER_MEANINGS[name as Header],
        // There is no next page after the last.
        required: name !== 'Link',
        schema: { type: 'string' as const },
        example,
      },
    ]),
  );
}

export function json(description: string, schema: z.ZodType, example: unknown): ResponseConfig {
  return { description, content: { 'application/json': { schema, example } } };
}

/** 201 or 202 with where the thing is, or where it can be followed. */
export function located(
  description: string,
  schema: z.ZodType,
  example: unknown,
  location: string,
): ResponseConfig {
  return { ...json(description, schema, example), headers: headers({ Location: location }) };
}

/** One page of a list, newest first. */
export function page(schema: z.ZodType, example: object & { id: string }, path: string): ResponseConfig {
  return {
    ...json('One page, newest first.', z.array(schema), [example]),
    headers: headers({ Link: `<${path}?limit=1&cursor=${example.id}>; rel="next"` }),
  };
}

export function html(description: string): ResponseConfig {
  return { description, content: { 'text/html': { schema: z.string() } } };
}

/** The body that a service parses with this very schema. */
export function jsonBody(schema: z.ZodType, example: unknown): NonNullable<RouteConfig['request']> {
  return { body: { required: true, content: { 'application/json': { schema, example } } } };
}

export const idempotencyHeader = z.object({ [IDEMPOTENCY_KEY]: idempotencyKeySchema.optional() });

const PROBLEM_MEANINGS: Record<number, string> = {
  400: 'The path, the query, a header or the JSON itself is malformed.',
  404: 'There is nothing with this id.',
  409: 'Its present state does not allow it.',
  413: 'The body is too large.',
  415: 'The body is not of a type that is taken.',
  422: 'The body does not have the expected form; `errors` says where.',
  429: 'This address has as many open, or under way, as it may. Try again later.',
  503: 'A part of the system is down or busy. Try again later.',
};

/** Error answers, with what they commonly mean. */
export function problems(...statuses: number[]): Record<string, ResponseConfig> {
  return Object.fromEntries(statuses.map((status) => [status, problem(status, PROBLEM_MEANINGS[status]!)]));
}

/** The error answers of every call with a JSON body. */
export const bodyProblems = problems(400, 413, 415, 422, 429, 503);

/** The same, of a call that takes an Idempotency-Key. */
export const keyedBodyProblems: Record<string, ResponseConfig> = {
  ...bodyProblems,
  422: problem(
    422,
    'The body does not have the expected form (`errors` says where), or this `Idempotency-Key` was used for another request.',
    { detail: 'The body does not have the expected form.' },
  ),
};

/** One error answer with a meaning of its own. @param detail what the example says, where that is another sentence */
export function problem(
  status: number,
  description: string,
  { detail = description.replaceAll('`', ''), ...further }: { detail?: string; errors?: object[] } = {},
): ResponseConfig {
  const title = STATUS_CODES[status] ?? 'Error';
  const example = { type: 'about:blank', title, status, detail, request_id: REQUEST_ID, ...further };
  return {
    description,
    content: { 'application/problem+json': { schema: problemSchema, example } },
    ...((status === 429 || status === 503) && {
      headers: {
        'Retry-After': {
          description: 'Seconds to wait before that.',
          required: true,
          schema: { type: 'integer', minimum: 0 },
          example: 1,
        },
      },
    }),
  };
}

/** Sample commands, as the README has them. */
export function curl(...sources: string[]) {
  return { 'x-codeSamples': sources.map((source) => ({ lang: 'Shell', label: 'curl', source })) };
}

/** The call itself, and the same under another path. */
export function withAlias(operation: Operation, alias: string): Operation[] {
  const same = { ...operation };
  delete same['x-codeSamples'];
  return [
    operation,
    {
      ...same,
      path: alias,
      operationId: `${operation.operationId}Alias`,
      description: `The same as \`${operation.method.toUpperCase()} ${operation.path}\`.`,
    },
  ];
}
