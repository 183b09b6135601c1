import type { OpenAPIRegistry, ResponseConfig } from '@asteasolutions/zod-to-openapi';
import { costOf } from '../costs.js';
import { RATE_LIMIT, RATE_LIMIT_POLICY } from '../headers.js';
import { problems } from './answers.js';
import { expressPath, type Operation } from './operation.js';

/** What the description says about all calls. */
export const LIMITS = `Where limits are turned on, calls cost parts of an allowance: the one of whoever is signed in, or else of the address. \`RateLimit-Policy\` and \`RateLimit\` say how large it is and what is left of it, after which a call gets 429 with \`Retry-After\`.`;

const HEADERS = {
  [RATE_LIMIT_POLICY]: {
    component: 'RateLimitPolicy',
    description:
      'The allowances of a client that this call takes from: each with its size `q` and the seconds `w` in which it becomes full again (draft-ietf-httpapi-ratelimit-headers). Absent while limits are off.',
    example: '"requests";q=2000;w=20;qu="requests"',
  },
  [RATE_LIMIT]: {
    component: 'RateLimit',
    description:
      'What is left: how much, `r`, and in how many seconds it will be full again, `t`. After a 429, in how many seconds the same call can be made.',
    example: '"requests";r=1990;t=1',
  },
};

export function registerLimitHeaders(registry: OpenAPIRegistry): void {
  for (const { component, description, example } of Object.values(HEADERS))
    registry.registerComponent('headers', component, {
      description,
      schema: { type: 'string', pattern: '^"[a-z]+";' },
      example,
    });
}

/** The operation with the headers of its limit, and its refusal, unless it costs nothing. */
export function withLimits(operation: Operation): Operation {
  const cost = costOf(operation.method, expressPath(operation.path));
  if (!cost?.units) return operation;
  const responses = Object.entries({ ...problems(429), ...operation.responses });
  return {
    ...operation,
    responses: Object.fromEntries(
      responses.map(([status, response]) => [status, withLimitHeaders(response)]),
    ),
  };
}

function withLimitHeaders(response: ResponseConfig): ResponseConfig {
  const reference = (name: keyof typeof HEADERS) => ({
    [name]: { $ref: `#/components/headers/${HEADERS[name].component}` },
  });
  return {
    ...response,
    headers: {
      ...(response.headers as object | undefined),
      ...reference(RATE_LIMIT_POLICY),
      ...reference(RATE_LIMIT),
    },
  };
}
