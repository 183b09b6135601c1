// What the scripts that call a running Millrace have in common.
import { setTimeout as sleep } from 'node:timers/promises';

export const DEFAULT_URL = process.env.MILLRACE_URL ?? 'http://localhost:8080';

/** How often a busy stack is asked again. */
const TRIES = 10;

const { MILLRACE_TOKEN: token } = process.env;
const headers = token ? { Authorization: `Bearer ${token}` } : {};

/**
 * A request; repeated, after the requested pause, while the stack is busy. One that creates something is not, if it may have done so: its
 * response was lost inside.
 *
 * @param json the body, of what creates something
 */
export async function ask(url, method = 'GET', json = undefined) {
  const body = json && {
    body: JSON.stringify(json),
    headers: { ...headers, 'Content-Type': 'application/json' },
  };
  for (let tries = 1; ; tries += 1) {
    const response = await fetch(url, { method, headers, ...body });
    const mayHaveCreated = json !== undefined && response.headers.get('x-work-begun') === 'true';
    if (![429, 503].includes(response.status) || mayHaveCreated || tries === TRIES) return response;
    await response.arrayBuffer();
    await sleep(1_000 * (Number(response.headers.get('retry-after')) || 1));
  }
}

/** What an error response says. */
export async function explain(response) {
  const { detail = response.statusText, errors = [] } = await response.json().catch(() => ({}));
  const where = errors.map(({ path, message }) => `\n  ${path}: ${message}`).join('');
  return `${response.url} responded with ${response.status}: ${detail}${where}`;
}

/** Runs a script; what it throws is its message for people. */
export function run(main) {
  main().catch((error) => {
    const unreachable = error instanceof TypeError && error.cause;
    console.error(
      unreachable
        ? `No response: ${error.cause.message || error.cause.code}. Is Millrace running there?`
        : error.message,
    );
    process.exitCode = 1;
  });
}
