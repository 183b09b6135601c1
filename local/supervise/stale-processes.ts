import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endGroups, type ProcessGroup } from './process-group.js';
import { findGroup, findProcess } from './process-table.js';

/** The record of a started process: enough to distinguish it from an unrelated process with the same pid. */
export type RecordedProcess = ProcessGroup & { started: string; executable: string };

const recordPath = (dataDir: string) => join(dataDir, 'processes.json');

export function recordProcesses(dataDir: string, processes: RecordedProcess[]): void {
  const path = recordPath(dataDir);
  writeFileSync(`${path}.new`, JSON.stringify(processes, undefined, 2));
  renameSync(`${path}.new`, path);
}

/**
 * Ends what an earlier run left when its supervisor and its watchdog were both killed. Returns the number of process groups it ended.
 */
export async function endStaleProcesses(dataDir: string, graceMs = 4_000): Promise<number> {
  const stale = readRecord(dataDir).filter(isStillOurs);
  await endGroups(stale, graceMs);
  recordProcesses(dataDir, []);
  return stale.length;
}

function readRecord(dataDir: string): RecordedProcess[] {
  try {
    return JSON.parse(readFileSync(recordPath(dataDir), 'utf8')) as RecordedProcess[];
  } catch {
    return [];
  }
}

function isStillOurs({ leader, started, executable }: RecordedProcess): boolean {
  const process = findProcess(leader);
  if (process) return process.started === started;
  // The system gives no new process the number of a group that has members, so these are descendants of the recorded leader, unless that
  // number was freed and reused in between: then they run another program.
  const members = findGroup(leader);
  return members.length > 0 && members.every((member) => member.executable === executable);
}
