import { setTimeout as sleep } from 'node:timers/promises';
import type { SupervisedProcess } from './supervised-process.js';

/** A process that has ended this often before it was ever ready will not become ready. */
const exitsToGiveUp = 4;

export type ReadinessOptions = {
  /** Default: 60,000 ms. */
  deadlineMs?: number;
  /** Stops waiting, with its reason. */
  signal?: AbortSignal;
};

/**
 * Calls `isReady` until it returns true. Throws with the last output of the process when it keeps ending, and at the deadline.
 */
export async function waitUntilReady(
  process: SupervisedProcess,
  isReady: () => boolean | Promise<boolean>,
  { deadlineMs = 60_000, signal }: ReadinessOptions = {},
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!(await isReady())) {
    signal?.throwIfAborted();
    assertStarts(process);
    if (performance.now() > deadline) {
      throw new Error(`${lastOutput(process)}${process.name} was not ready after ${deadlineMs / 1000} s`);
    }
    await sleep(20, undefined, { signal });
  }
}

/** Throws when a process has ended too often to keep waiting for it. */
export function assertStarts(process: SupervisedProcess): void {
  if (process.unexpectedExits < exitsToGiveUp) return;
  throw new Error(
    `${lastOutput(process)}${process.name} exited ${process.unexpectedExits} times before it was ready`,
  );
}

/** Before the reason, which should be the last line that people see. */
function lastOutput({ name, recentLines }: SupervisedProcess): string {
  const lines = recentLines.slice(-5).map((line) => `  ${line}`);
  return lines.length > 0 ? `The last output of ${name}:\n${lines.join('\n')}\n` : '';
}
