import { SCOPES } from '@millrace/contracts';
import { createOpenApiDocument } from '@millrace/contracts/openapi';
import { type Reply, send } from '../api/client.js';
import { type DescribedOperation, operationsOf } from '../api/described-answers.js';

/** An operation of the published description, with the scope that it requires. */
export interface SecuredOperation extends DescribedOperation {
  security?: { accessToken?: [string] }[];
  requestBody?: { content: Record<string, { example?: unknown }> };
}

const operations = operationsOf(createOpenApiDocument({ isSecured: true })) as SecuredOperation[];
const titled = operations.map((operation) => ({
  ...operation,
  title: `${operation.method.toUpperCase()} ${operation.path}`,
  scope: operation.security?.[0]?.accessToken?.[0],
}));
type Secured = (typeof titled)[number] & { scope: string };

export const open = titled.filter(({ scope }) => scope === undefined);
export const secured = titled.filter((operation): operation is Secured => operation.scope !== undefined);

export const ALL_SCOPES = Object.keys(SCOPES);
export const without = (scope: string) => ALL_SCOPES.filter((name) => name !== scope).join(' ');
/** The scopes of users who are not administrators. */
export const OWN = without('jobs:admin');

/** Event streams do not end. */
export const isStream = ({ path }: SecuredOperation) => path.endsWith('/events');

/** An unused id. */
const NO_ID = '01a1fcc3-0000-7000-8000-000000000000';

/** Sends the example from the description. */
export async function sendExample(
  { method, path, requestBody }: SecuredOperation,
  { url, token, id = NO_ID }: { url: string; token?: string | undefined; id?: string | undefined },
): Promise<Reply> {
  const body = requestBody?.content['application/json']?.example;
  return send(path.replace('{id}', id).replace('{task}', 'task1'), {
    url,
    method: method.toUpperCase(),
    headers: {
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}
