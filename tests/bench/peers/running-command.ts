import { readFileSync, readlinkSync } from 'node:fs';
import { Skipped } from '../row.js';

export interface Command {
  argv: string[];
  cwd: string;
  env: Record<string, string>;
}

/** How the stack runs a process, including everything that makes it start quickly. @throws Skipped where there is no /proc */
export function commandOf(pid: number): Command {
  if (process.platform !== 'linux') throw new Skipped('how a service is run is read from /proc');
  const list = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8').split('\0').filter(Boolean);
  return {
    argv: list('cmdline'),
    cwd: readlinkSync(`/proc/${pid}/cwd`),
    env: Object.fromEntries(
      list('environ').map((entry): [string, string] => {
        const at = entry.indexOf('=');
        return [entry.slice(0, at), entry.slice(at + 1)];
      }),
    ),
  };
}
