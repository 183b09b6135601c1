import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openGuard, type Guard } from '../supervise/guard.js';

export type DataDirOptions = {
  /** Where data are kept, for the next start too. Default: a temporary folder that is removed at the end. */
  dataDir?: string;
  /** The guard of the data folder, when the caller holds it already. Default: one of its own. */
  guard?: Guard;
  /** Gets every line that a process writes. */
  onLine?: (source: string, line: string) => void;
  /** Gets what happens to the processes, in words. */
  onEvent?: (line: string) => void;
  /** Ends a start that is under way. */
  signal?: AbortSignal;
};

export type DataDir = {
  path: string;
  guard: Guard;
  isTemporary: boolean;
  /** Idempotent; leaves alone what was the caller's. */
  close(): Promise<void>;
};

export async function openDataDir({ dataDir, guard, onEvent }: DataDirOptions): Promise<DataDir> {
  const path = dataDir ?? temporaryFolder();
  const ownGuard = guard ?? (await openGuard(path, onEvent));
  return {
    path,
    guard: ownGuard,
    isTemporary: dataDir === undefined,
    async close() {
      if (!guard) await ownGuard.close();
      if (dataDir === undefined) rmSync(path, { recursive: true, force: true });
    },
  };
}

function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'millrace-'));
  // When this runs as root, the user postgres has to pass through it.
  chmodSync(path, 0o711);
  return path;
}
