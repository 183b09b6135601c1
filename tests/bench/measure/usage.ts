import { readFileSync, writeFileSync } from 'node:fs';
import type { Stack } from '../../../local/stack/stack.js';
import { sum } from './statistics.js';

/** What a stack's processes used of the machine, by name; no service, no entry. */
export interface Usage {
  /** CPU time per request in ms, of each service, and of the servers they share. */
  cpuMs: Record<string, number>;
  /** The peak memory of each service, in bytes. */
  peakBytes: Record<string, number>;
}

/** proc_pid_stat(5): sysconf(_SC_CLK_TCK), which is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const SERVERS = ['nginx', 'postgres', 'redis'];

/** Adds up what a stack uses while it is being measured. */
export interface Meter {
  /** @param work the work to measure; returns how many requests it made */
  during<T extends { requests: number }>(work: () => Promise<T>): Promise<T>;
  /** So far; undefined on systems without /proc. */
  usage(): Usage | undefined;
}

export function createMeter(stack: Stack): Meter {
  const groups = groupsOf(stack);
  const cpuMs: Record<string, number> = {};
  let requests = 0;
  for (const { pids } of groups) for (const pid of pids()) forgetPeak(pid);
  return {
    async during(work) {
      const before = groups.map(({ pids }) => cpuOf(pids()));
      const result = await work();
      requests += result.requests;
      for (const [index, { name, pids }] of groups.entries())
        cpuMs[name] = (cpuMs[name] ?? 0) + Math.max(0, cpuOf(pids()) - before[index]!);
      return result;
    },
    usage() {
      if (process.platform !== 'linux' || requests === 0) return undefined;
      const services = groups.filter(({ name }) => !SERVERS.includes(name));
      return {
        cpuMs: Object.fromEntries(Object.entries(cpuMs).map(([name, ms]) => [name, ms / requests])),
        peakBytes: Object.fromEntries(
          services.map(({ name, pids }) => [name, sum(pids().map((pid) => memoryOf(pid, 'VmHWM')))]),
        ),
      };
    },
  };
}

function groupsOf(stack: Stack): { name: string; pids: () => number[] }[] {
  const names = [...stack.replicas.map(({ name }) => name), ...SERVERS];
  return names.map((name) => ({
    name: name.replace(/-1$/, ''),
    pids: () => familyOf(stack.process(name).pid),
  }));
}

/** A process and all its descendants: PostgreSQL's sessions have their own process groups. */
function familyOf(pid: number | undefined): number[] {
  if (pid === undefined) return [];
  const children = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(familyOf)];
}

/** User and system time, including children that have ended, in ms. */
export function cpuOf(pids: number[]): number {
  return sum(
    pids.map((pid) => {
      const stat = read(`/proc/${pid}/stat`);
      // The second field is a name in parentheses and may contain spaces: fields 14 to 17 are counted from the end of it.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return (sum(fields.slice(11, 15).map(Number)) / TICKS_PER_SECOND) * 1_000;
    }),
  );
}

/** @param field `VmRSS`: now; `VmHWM`: at its peak. In bytes. */
export function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const [, kib = '0'] = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(read(`/proc/${pid}/status`)) ?? [];
  return Number(kib) * 1_024;
}

/** proc_pid_clear_refs(5): 5 resets the peak to the current value. */
function forgetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // It belongs to another user, or has ended: then the peak is that of its whole life.
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
