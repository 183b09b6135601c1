import { startStack, type Stack } from '../../local/stack/stack.js';
import { refusals } from '../support/redis.js';

/** A line of a service's log, which is JSON. */
export type LogLine = Record<string, unknown> & { source: string };

const givenUrl = process.env.MILLRACE_URL?.replace(/\/+$/, '');
let stack: Stack | undefined;

/** Whether the endpoint is a local stack that we started. Otherwise somebody gave its URL: it may hold other data, and shows no logs. */
export const isLocal = givenUrl === undefined;

/** Everything that the local stack's services have logged so far. */
export const logLines: LogLine[] = [];

/** The base URL of the stack under test, without a trailing slash. */
export function endpointUrl(): string {
  const url = givenUrl ?? stack?.url;
  if (!url) throw new Error('No stack: call startEndpoint() first.');
  return url;
}

/** The local stack, if there is one. */
export function localStack(): Stack {
  if (!stack) throw new Error('The stack under test is not a local one.');
  return stack;
}

/** Starts a local stack with temporary data, unless MILLRACE_URL names a running one. */
export async function startEndpoint(): Promise<void> {
  if (isLocal) stack = await startStack({ port: 'free', onLine: collectLine });
}

/** Also checks whether Redis has refused a service something that it needs: then redis/users.conf lacks a rule. */
export async function stopEndpoint(): Promise<void> {
  if (!stack) return;
  const refused = await refusals(stack.redis.url);
  await stack.stop();
  expect(refused).toEqual([]);
}

function collectLine(source: string, line: string): void {
  if (line.startsWith('{')) logLines.push({ ...(JSON.parse(line) as Record<string, unknown>), source });
}
