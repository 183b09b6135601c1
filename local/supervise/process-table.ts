import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process as the system shows it. A pid is reused after a while; a pid together with a start time is not. */
export type ProcessEntry = {
  pid: number;
  /** The id of its process group, which is the pid of the group's first process. */
  group: number;
  /** When it started, in a form that is only good for comparing. */
  started: string;
  executable: string;
};

/** The process with this pid, or undefined when there is none (a zombie counts as none). */
export function findProcess(pid: number): ProcessEntry | undefined {
  if (process.platform === 'linux') return readProcFolder(String(pid));
  return parsePs(['-p', String(pid)])[0];
}

/** Every living process of a group, whether or not its leader still lives. */
export function findGroup(group: number): ProcessEntry[] {
  if (!acceptsSignals(group)) return [];
  return listProcesses().filter((entry) => entry.group === group);
}

function listProcesses(): ProcessEntry[] {
  if (process.platform !== 'linux') return parsePs(['-A']);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => readProcFolder(pid) ?? []);
}

/** For most groups, one system call is enough, without reading the whole process table. */
function acceptsSignals(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function readProcFolder(pid: string): ProcessEntry | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // proc_pid_stat(5): the second field is the name in parentheses and may itself contain spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, , group] = fields;
  if (state === 'Z' || state === 'X') return undefined;
  return {
    pid: Number(pid),
    group: Number(group),
    started: `${bootId()}/${fields[19]}`,
    executable: readExecutable(pid),
  };
}

function readExecutable(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '');
  } catch {
    // It belongs to another user, or has just ended.
    return '';
  }
}

/** Start times count from boot, so a record from before a reboot must not match. */
function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function parsePs(selection: string[]): ProcessEntry[] {
  let output: string;
  try {
    output = execFileSync('ps', [...selection, '-o', 'pid=,pgid=,stat=,lstart=,comm='], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    // ps exits with 1 when nothing matches.
    return [];
  }
  const line = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\d+\s+\S+\s+\d+)\s+(.*)$/gm;
  return [...output.matchAll(line)]
    .filter(([, , , state]) => !state?.startsWith('Z'))
    .map(([, pid, group, , started = '', executable = '']) => ({
      pid: Number(pid),
      group: Number(group),
      started,
      executable,
    }));
}
