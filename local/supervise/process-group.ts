import { setTimeout as sleep } from 'node:timers/promises';
import { findGroup } from './process-table.js';

/** A process that leads its own process group, and how it is asked to stop. */
export type ProcessGroup = { leader: number; stopSignal: NodeJS.Signals };

/** Sends a signal to a process (or, if negative, to a group); false when there is none any more. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** SIGKILL to every process of the group; resolves when none is left. */
export async function killGroup(leader: number): Promise<void> {
  while (findGroup(leader).length > 0) {
    sendSignal(-leader, 'SIGKILL');
    await sleep(5);
  }
}

/**
 * Ends process groups together. Each leader gets its stop signal; whatever outlives its leader, and everything after `graceMs`, gets
 * SIGKILL.
 */
export async function endGroups(groups: ProcessGroup[], graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs;
  await Promise.all(
    groups.map(async ({ leader, stopSignal }) => {
      // Only to the leader: PostgreSQL's processes, for example, interpret the same signal differently.
      sendSignal(leader, stopSignal);
      while (performance.now() < deadline && findGroup(leader).some(({ pid }) => pid === leader))
        await sleep(20);
      await killGroup(leader);
    }),
  );
}
