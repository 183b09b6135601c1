import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProcess } from './process-table.js';

type Holder = { pid: number; started: string };

/**
 * Takes the data folder for this process; returns a function that releases it. A lock whose holder has ended, in whatever way, is void.
 * Throws when another process holds it.
 */
export function lockDataDir(dataDir: string): () => void {
  const path = join(dataDir, 'lock');
  const mine = JSON.stringify({ pid: process.pid, started: findProcess(process.pid)?.started ?? '' });
  const candidate = `${path}.${process.pid}`;
  try {
    writeFileSync(candidate, mine);
    // link() either creates the complete file or fails because it exists: no one ever reads half a lock.
    while (!tryLink(candidate, path)) {
      const theirs = readLock(path);
      const holder = parseHolder(theirs);
      if (holder && isAlive(holder)) {
        throw new Error(
          `Millrace is already running in ${dataDir} (process ${holder.pid}). Stop it first (Ctrl-C in its terminal).`,
        );
      }
      breakLock(path, theirs);
    }
  } finally {
    rmSync(candidate, { force: true });
  }
  return () => {
    if (readLock(path) === mine) rmSync(path, { force: true });
  };
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readLock(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function parseHolder(lock: string | undefined): Holder | undefined {
  try {
    return JSON.parse(lock ?? '') as Holder;
  } catch {
    return undefined;
  }
}

function isAlive({ pid, started }: Holder): boolean {
  return findProcess(pid)?.started === started;
}

/** Two starts may find the same void lock: the slower one must not remove the new lock of the faster one. */
function breakLock(path: string, expected: string | undefined): void {
  const aside = `${path}.void.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (readLock(aside) !== expected) tryLink(aside, path);
  rmSync(aside, { force: true });
}
