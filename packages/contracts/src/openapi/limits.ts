import type { OpenAPIRegistry, ResponseConfig } from '@asteasolutions/zod-to-openapi';
import { costOf } from '../costs.js';
import { RATE_LIMIT, RATE_LIMIT_POLICY } from '../headers.js';
import { problems } from './answers.js';
import { expressPath, type Operation } from './operation.js';

/** The part of the description that applies to all calls. */
export const LIMITS = `If limits are turned on, each call takes its cost from an allowance: that of the signed-in user, or else of the client’s address. \`RateLimit-Policy\` says how large it is and \`RateLimit\` how much is left; when it is used up, calls get 429 with \`Retry-After\`.`;

const HEADERS = {
  [RATE_LIMIT_POLICY]: {
    component: 'RateLimitPolicy',
    description:
      'The allowances that this call uses, each with its size `q` and the number of seconds `w` in which it refills (draft-ietf-httpapi-ratelimit-headers). Absent while limits are off.',
    example: '"requests";q=2000;w=20;qu="requests"',
  },
  [RATE_LIMIT]: {
    component: 'RateLimit',
    description:
      'What is left of each: the amount `r`, and the number of seconds `t` until it is full again or, after a 429, until the same call can be made.',
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

/** The operation with its rate-limit headers and its 429, unless it costs nothing. */
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
