import type { ResponseConfig } from '@asteasolutions/zod-to-openapi';
import { accessOf, SCOPES } from '../access.js';
import { problem } from './answers.js';
import { expressPath, type Operation } from './operation.js';

/** The name of the security scheme. */
const BEARER = 'accessToken';

const LISTED = Object.entries(SCOPES).map(([scope, meaning]) => `- \`${scope}\`: ${meaning}`);

export const securitySchemes = {
  [BEARER]: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: `A JWT access token from the identity provider, or an API key (\`millrace_…\`), with these scopes:\n\n${LISTED.join('\n')}`,
  },
} as const;

/** The operation with the rule of its route: the required scope, and its 401 and 403. */
export function withSecurity(operation: Operation): Operation {
  const access = accessOf(operation.method, expressPath(operation.path));
  if (!access) throw new Error(`${operation.operationId} has no rule in access.ts.`);
  if (access === 'public') return operation;
  return {
    ...operation,
    security: [{ [BEARER]: [access] }],
    responses: {
      ...operation.responses,
      401: challenged(401, UNAUTHORIZED),
      403: challenged(403, forbidden(access)),
    },
  };
}

interface Refusal {
  description: string;
  detail: string;
  challenge: string;
}

const UNAUTHORIZED: Refusal = {
  description: 'The access token is missing or invalid.',
  detail: 'The access token has expired.',
  challenge:
    'Bearer realm="millrace", error="invalid_token", error_description="The access token has expired."',
};

const forbidden = (scope: string): Refusal => ({
  description: `The access token lacks the scope \`${scope}\`; or a page of another origin tried to change something.`,
  detail: `The access token lacks the scope ${scope}.`,
  challenge: `Bearer realm="millrace", error="insufficient_scope", scope="${scope}"`,
});

function challenged(status: number, { description, detail, challenge }: Refusal): ResponseConfig {
  return {
    ...problem(status, description, { detail }),
    headers: {
      'WWW-Authenticate': {
        description: 'What is wrong with the access token (RFC 6750).',
        // Nginx refuses pages of other origins, whatever token they have.
        required: status === 401,
        schema: { type: 'string' },
        example: challenge,
      },
    },
  };
}
