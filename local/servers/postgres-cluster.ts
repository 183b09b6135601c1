import { execFile } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { systemEnvironment } from '../supervise/environment.js';
import type { PostgresAccount } from './postgres-account.js';
import { findProcess } from '../supervise/process-table.js';

export type ClusterOptions = {
  password: string;
  /** Whether to wait until the new files are on the disk; unnecessary for a temporary database. */
  sync: boolean;
};

/** Creates the database cluster unless there is one. An interrupted attempt leaves nothing that a later one would mistake for it. */
export async function initialiseCluster(
  account: PostgresAccount,
  { password, sync }: ClusterOptions,
): Promise<void> {
  const { clusterFolder, nativeFolder, uid, gid } = account;
  removeUnfinished(clusterFolder);
  if (existsSync(join(clusterFolder, 'PG_VERSION'))) return;
  assertEmpty(clusterFolder);

  const unfinished = mkdtempSync(`${clusterFolder}.new-`);
  const own = (path: string) => {
    if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
  };
  own(unfinished);
  const passwordFile = join(unfinished, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  own(passwordFile);
  const cluster = join(unfinished, 'cluster');
  try {
    await promisify(execFile)(
      join(nativeFolder, 'bin', 'initdb'),
      [
        `--pgdata=${cluster}`,
        '--username=postgres',
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        // PostgreSQL's own C.UTF-8: the same on every system, whatever locales it has.
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--locale=C',
        '--no-instructions',
        ...(sync ? [] : ['--no-sync']),
      ],
      { uid, gid, cwd: unfinished, env: { ...systemEnvironment(), LC_ALL: 'C' } },
    );
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    const { stderr = '', message } = error as Error & { stderr?: string };
    throw new Error(`PostgreSQL's initdb failed: ${stderr.trim() || message}`, { cause: error });
  }
  renameSync(cluster, clusterFolder);
  rmSync(unfinished, { recursive: true });
}

/** Incomplete data are not ours to remove. */
function assertEmpty(clusterFolder: string): void {
  if (!existsSync(clusterFolder) || readdirSync(clusterFolder).length === 0) return;
  throw new Error(
    `${clusterFolder} is not a complete database: it has files, but no PG_VERSION. Restore it from a backup, or remove it to start over.`,
  );
}

function removeUnfinished(clusterFolder: string): void {
  const parent = dirname(clusterFolder);
  mkdirSync(parent, { recursive: true });
  for (const name of readdirSync(parent)) {
    if (name.startsWith(`${basename(clusterFolder)}.new-`)) rmSync(join(parent, name), { recursive: true });
  }
}

/**
 * A killed PostgreSQL leaves its pid file, and refuses to start when that pid belongs to a living process of the same user, which is likely
 * in a restarted container. Removes the file when that process is not a PostgreSQL.
 */
export function removeStalePidFile({ clusterFolder }: PostgresAccount): void {
  const path = join(clusterFolder, 'postmaster.pid');
  if (!existsSync(path)) return;
  const owner = findProcess(Number.parseInt(readFileSync(path, 'utf8'), 10));
  if (!owner || basename(owner.executable) !== 'postgres') rmSync(path);
}

/** Throws when the cluster was created by another major version, whose files this one cannot read. */
export function assertClusterVersion({ clusterFolder }: PostgresAccount, expected: number): void {
  const version = readFileSync(join(clusterFolder, 'PG_VERSION'), 'utf8').trim();
  if (version === String(expected)) return;
  throw new Error(
    `${clusterFolder} was created by PostgreSQL ${version}; this is PostgreSQL ${expected}. Remove it to start over.`,
  );
}

/** Whether the server with this pid is ready, according to its pid file (which is what pg_ctl checks, too). */
export function acceptsConnections({ clusterFolder }: PostgresAccount, pid: number | undefined): boolean {
  try {
    const lines = readFileSync(join(clusterFolder, 'postmaster.pid'), 'utf8').split('\n');
    return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
  } catch {
    return false;
  }
}
