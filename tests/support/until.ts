import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Calls a function until it returns something other than undefined or false, and returns that. Fails after `deadlineMs` (default 30,000),
 * saying what was awaited.
 */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  deadlineMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`Not so after ${deadlineMs} ms: ${what}`);
    await sleep(20);
  }
}
