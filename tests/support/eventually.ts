import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Repeats `check` until it passes.
 *
 * @param deadlineMs default 30,000
 * @returns what `check` returned
 * @throws its last error at the deadline
 */
export async function eventually<T>(check: () => T | Promise<T>, deadlineMs = 30_000): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(20);
  }
}
