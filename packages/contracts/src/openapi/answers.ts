import { STATUS_CODES } from 'node:http';
import type { ResponseConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { problemSchema } from '../problem.js';
import { REQUEST_ID } from './examples.js';

type Header = 'Location' | 'Link' | 'ETag' | 'Cache-Control' | 'Content-Range' | 'Accept-Ranges';

const HEADER_MEANINGS: Record<Header, string> = {
  Location: 'The URL of the resource.',
  Link: 'The next page, `rel="next"` (RFC 8288). Absent on the last one.',
  ETag: 'Identifies this version; send it back in `If-None-Match`.',
  'Cache-Control': 'How long the response may be cached.',
  'Content-Range': 'Which part this is, and the total number of bytes.',
  'Accept-Ranges': 'The server accepts range requests.',
};

/** The headers of a response, each with an example value. */
export function headers(examples: Partial<Record<Header, string>>): ResponseConfig['headers'] {
  return Object.fromEntries(
    Object.entries(examples).map(([name, example]) => [
      name,
      {
        description: HEADER_MEANINGS[name as Header],
        // There is no page after the last one.
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

/** 201 or 202 with the URL of the resource, or of where to follow it. */
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

const PROBLEM_MEANINGS: Record<number, string> = {
  400: 'The path, the query, a header or the JSON itself is malformed.',
  403: 'A web page of another origin sent this, and the origin is not in `CORS_ORIGINS`.',
  404: 'There is nothing with this id.',
  409: 'The current state does not allow it.',
  413: 'The body is too large.',
  415: 'The media type of the body is not supported.',
  421: 'The host is neither an IP address nor one of the configured names.',
  422: 'The request body is invalid; `errors` says where.',
  429: 'You have sent too many requests, or this address has too many requests or streams open. Try again later.',
  503: 'A part of the system is down or busy. Try again later.',
};

/** Error responses, with their usual meaning. */
export function problems(...statuses: number[]): Record<string, ResponseConfig> {
  return Object.fromEntries(statuses.map((status) => [status, problem(status, PROBLEM_MEANINGS[status]!)]));
}

/** The error responses of every call with a JSON body. */
export const bodyProblems = problems(400, 413, 415, 422, 429, 503);

/** The same for a call that accepts an Idempotency-Key. */
export const keyedBodyProblems: Record<string, ResponseConfig> = {
  ...bodyProblems,
  422: problem(
    422,
    'The request body is invalid (`errors` says where), or this `Idempotency-Key` was used for another request.',
    { detail: 'The request body is invalid.' },
  ),
};

/** One error response with its own meaning. @param detail the example's text, if it is a different sentence */
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
          description: 'Seconds to wait before trying again.',
          required: true,
          schema: { type: 'integer', minimum: 0 },
          example: 1,
        },
      },
    }),
  };
}
