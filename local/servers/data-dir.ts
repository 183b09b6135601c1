import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openGuard, type Guard } from '../supervise/guard.js';

export type DataDirOptions = {
  /** Where data is kept for the next start. Default: a temporary folder that is removed at the end. */
  dataDir?: string;
  /** The guard of the data folder, when the caller already holds it. Default: a new one. */
  guard?: Guard;
  /** Gets every line that a process writes. */
  onLine?: (source: string, line: string) => void;
  /** Gets a description of what happens to the processes. */
  onEvent?: (line: string) => void;
  /** Cancels a start in progress. */
  signal?: AbortSignal;
  /** Only TLS, with `tls.crt`, `tls.key` and `ca.crt` in a subfolder for each service and server. Default: plain. */
  tlsDir?: string | undefined;
};

export type DataDir = {
  path: string;
  guard: Guard;
  isTemporary: boolean;
  /** Idempotent; does not touch what belongs to the caller. */
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
  // When this runs as root, the user postgres must be able to enter it.
  chmodSync(path, 0o711);
  return path;
}
