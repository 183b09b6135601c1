import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { existsSync, readlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { repositoryRoot } from '../paths.js';

/** The user that PostgreSQL runs as, and where it finds its programs and keeps its data. */
export type PostgresAccount = { uid?: number; gid?: number; nativeFolder: string; clusterFolder: string };

/**
 * PostgreSQL refuses to run as root. For root, this finds (or creates) the user `postgres`, and uses a folder elsewhere for what that user
 * cannot access (a clone under /root, for example); for everyone else it changes nothing.
 */
export function preparePostgresAccount(
  nativeFolder: string,
  clusterFolder: string,
  onEvent: (line: string) => void,
): PostgresAccount {
  if (process.getuid?.() !== 0) return { nativeFolder, clusterFolder };
  const owner = findOrCreatePostgresUser();
  return {
    ...owner,
    nativeFolder: isReachable(join(nativeFolder, 'bin')) ? nativeFolder : copyPrograms(nativeFolder, onEvent),
    clusterFolder: isReachable(dirname(clusterFolder)) ? clusterFolder : moveOutside(clusterFolder, onEvent),
  };
}

function findOrCreatePostgresUser(): { uid: number; gid: number } {
  const read = () => ({ uid: idOf('-u'), gid: idOf('-g') });
  try {
    return read();
  } catch {
    createPostgresUser();
    return read();
  }
}

function idOf(flag: '-u' | '-g'): number {
  return Number(
    execFileSync('id', [flag, 'postgres'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  );
}

function createPostgresUser(): void {
  const attempts: [string, string[]][] = [
    [
      'useradd',
      [
        '--system',
        '--user-group',
        '--no-create-home',
        '--home-dir',
        '/',
        '--shell',
        '/bin/false',
        'postgres',
      ],
    ],
    ['adduser', ['-S', '-D', '-H', '-h', '/', '-s', '/bin/false', 'postgres']],
  ];
  for (const [command, args] of attempts) {
    try {
      execFileSync(command, args, { stdio: 'ignore' });
      return;
    } catch {
      // Not on this system: try the next command.
    }
  }
  throw new Error(
    'PostgreSQL does not run as root, and the user "postgres" could not be created. Run this as a regular user.',
  );
}

/** Whether every user may enter the folder: all folders on its path are searchable for others. */
export function isReachable(folder: string): boolean {
  const path = resolve(folder);
  if (existsSync(path) && (statSync(path).mode & 0o001) === 0) return false;
  return path === dirname(path) || isReachable(dirname(path));
}

function copyPrograms(nativeFolder: string, onEvent: (line: string) => void): string {
  const version = shortHash(`${nativeFolder} ${statSync(join(nativeFolder, 'bin', 'postgres')).mtimeMs}`);
  const copy = join(outsideFolder(), `programs-${version}`);
  if (existsSync(copy)) return copy;
  onEvent(`the user postgres cannot enter ${nativeFolder}: copying PostgreSQL to ${copy}`);
  const unfinished = mkdtempSync(`${copy}.new-`);
  cpSync(nativeFolder, unfinished, { recursive: true, verbatimSymlinks: true });
  execFileSync('chmod', ['-R', 'a+rX', unfinished]);
  renameSync(unfinished, copy);
  return copy;
}

/** Leaves a link in the data folder: it shows people where the data are, and is removed together with the folder. */
function moveOutside(clusterFolder: string, onEvent: (line: string) => void): string {
  const outside = join(outsideFolder(), `${basename(clusterFolder)}-${shortHash(clusterFolder)}`);
  if (readLink(clusterFolder) === outside) return outside;
  onEvent(`the user postgres cannot enter ${dirname(clusterFolder)}: keeping the database in ${outside}`);
  rmSync(outside, { recursive: true, force: true });
  rmSync(clusterFolder, { recursive: true, force: true });
  symlinkSync(outside, clusterFolder);
  return outside;
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function outsideFolder(): string {
  const base = ['/var/lib', '/var/tmp'].find((folder) => existsSync(folder) && isReachable(folder)) ?? '/tmp';
  const folder = join(base, `millrace-${shortHash(repositoryRoot)}`);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const { uid } = lstatSync(folder);
  // In a folder that everyone may write to, someone else could have created it first.
  if (uid !== 0) throw new Error(`${folder} is not owned by root: remove it, then start again.`);
  chownSync(folder, 0, 0);
  // Whatever the umask was.
  chmodSync(folder, 0o755);
  return folder;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
