import { OpenAPIRegistry, OpenApiGeneratorV31, type ResponseConfig } from '@asteasolutions/zod-to-openapi';
import { REQUEST_ID as REQUEST_ID_HEADER, SERVED_BY } from '../headers.js';
import { REQUEST_ID } from './examples.js';
import { imageOperations } from './images.js';
import { jobOperations } from './jobs.js';
import { keyOperations } from './keys.js';
import { LIMITS, registerLimitHeaders, withLimits } from './limits.js';
import { labOperations } from './lab.js';
import { problem, problems } from './answers.js';
import { type Operation, TAGS } from './operation.js';
import { queueOperations } from './queue.js';
import { securitySchemes, withSecurity } from './security.js';
import { systemOperations } from './system.js';
import { taskOperations } from './tasks.js';
import { textOperations } from './text.js';
import { userOperations } from './users.js';
import { VERSION } from './version.js';

const operations: Operation[] = [
  ...queueOperations,
  ...jobOperations,
  ...taskOperations,
  ...textOperations,
  ...imageOperations,
  ...labOperations,
  ...userOperations,
  ...systemOperations,
];

export type OpenApiDocument = ReturnType<OpenApiGeneratorV31['generateDocument']>;

const DESCRIPTION = `Tasks, users, text analysis and image effects: small services behind one endpoint.

JSON is \`snake_case\`; times are RFC 3339 in UTC; ids are UUIDs. Unknown fields and query parameters are rejected.

Every GET also works as HEAD, and OPTIONS lists the methods of a path. Send an \`X-Request-Id\` to find a request in the logs; without it, one is generated. \`X-Served-By\` names the replica that answered.

${LIMITS}

Errors are \`application/problem+json\` (RFC 9457). Any call can also return 405, 414, 431, 500, 503 or 504 in this format.`;

/**
 * The public API as an OpenAPI 3.1 document, built from the schemas that the services validate with.
 *
 * @param options.isSecured with AUTH_MODE=jwt: calls state the scope that they require. Default false
 */
export function createOpenApiDocument({ isSecured = false } = {}): OpenApiDocument {
  const registry = new OpenAPIRegistry();
  if (isSecured) {
    for (const [name, scheme] of Object.entries(securitySchemes))
      registry.registerComponent('securitySchemes', name, scheme);
  }
  registry.registerComponent('headers', 'RequestId', {
    description: 'Follows the request through every hop, log line and job.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,128}$' },
    required: true,
    example: REQUEST_ID,
  });
  registry.registerComponent('headers', 'ServedBy', {
    description: 'The replica that answered; absent when Nginx answered itself.',
    schema: { type: 'string' },
    example: 'task-api-1',
  });
  registerLimitHeaders(registry);
  const otherwise = problem(500, 'Any other error.', {
    detail: 'Something went wrong on our side. Use the request id to find it in the logs.',
  });
  const offered = isSecured ? [...operations, ...keyOperations].map(withSecurity) : operations;
  for (const operation of offered.map(withLimits)) {
    const responses = Object.entries({
      ...(changesSomething(operation) && problems(403)),
      ...operation.responses,
      ...problems(421),
      default: otherwise,
    });
    registry.registerPath({
      ...operation,
      responses: Object.fromEntries(
        responses.map(([status, response]) => [status, withCommonHeaders(response)]),
      ),
    });
  }
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Millrace',
      version: VERSION,
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [],
    tags: Object.entries(TAGS)
      .filter(([name]) => offered.some(({ tags }) => tags.some((tag) => tag === name)))
      .map(([name, description]) => ({ name, description })),
  });
}

/** The same rule as in nginx/origins.conf: the document says what pages of other origins may not do. */
function changesSomething({ method, path }: Operation): boolean {
  return method !== 'get' || path.startsWith('/add/');
}

function withCommonHeaders(response: ResponseConfig): ResponseConfig {
  return {
    ...response,
    headers: {
      ...(response.headers as object | undefined),
      [REQUEST_ID_HEADER]: { $ref: '#/components/headers/RequestId' },
      [SERVED_BY]: { $ref: '#/components/headers/ServedBy' },
    },
  };
}
