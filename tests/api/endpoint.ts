import { startStack, type Stack } from '../../local/stack/stack.js';
import { refusals } from '../support/redis.js';

/** What a service wrote: a line of its log that is JSON. */
export type LogLine = Record<string, unknown> & { source: string };

const givenUrl = process.env.MILLRACE_URL?.replace(/\/+$/, '');
let stack: Stack | undefined;

/** Is the endpoint a local stack that we started? Else somebody gave its URL: it may hold other data, and shows no logs. */
export const isLocal = givenUrl === undefined;

/** Everything that the local stack's services logged so far. */
export const logLines: LogLine[] = [];

/** The base URL of the stack under test, without a slash at the end. */
export function endpointUrl(): string {
  const url = givenUrl ?? stack?.url;
  if (!url) throw new Error('No stack: call startEndpoint() first.');
  return url;
}

/** The local stack, where there is one. */
export function localStack(): Stack {
  if (!stack) throw new Error('The stack under test is not a local one.');
  return stack;
}

/** Starts a local stack with temporary data, unless MILLRACE_URL names one that runs already. */
export async function startEndpoint(): Promise<void> {
  if (isLocal) stack = await startStack({ port: 'free', onLine: collectLine });
}

/** Also looks whether Redis has refused a service what it needs: then redis/users.conf lacks something. */
export async function stopEndpoint(): Promise<void> {
  if (!stack) return;
  const refused = await refusals(stack.redis.url);
  await stack.stop();
  expect(refused).toEqual([]);
}

function collectLine(source: string, line: string): void {
  if (line.startsWith('{')) logLines.push({ ...(JSON.parse(line) as Record<string, unknown>), source });
}
