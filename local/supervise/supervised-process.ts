import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { systemEnvironment } from './environment.js';
import type { Guard } from './guard.js';
import { killGroup, sendSignal } from './process-group.js';

export type ProcessSpec = {
  /** As shown in the output, e.g. blur-worker-1. */
  name: string;
  command: string;
  args?: string[];
  cwd?: string;
  /** The whole environment. Default: `systemEnvironment()`. */
  env?: NodeJS.ProcessEnv;
  /** The user and group it runs as. Default: those of this process. */
  uid?: number;
  gid?: number;
  /** The signal that asks it to stop. Default: SIGTERM. */
  stopSignal?: NodeJS.Signals;
  /** Runs before every start, including restarts. When it throws, that counts as a failed start. */
  beforeStart?: () => void | Promise<void>;
};

export type Surroundings = {
  guard: Guard;
  /** Gets every line that the process writes to stdout or stderr. */
  onLine?: (source: string, line: string) => void;
  /** Gets a description of what happens to the process. */
  onEvent?: (line: string) => void;
};

export type SupervisedProcess = {
  readonly name: string;
  /** The process id; undefined while it is not running (before a start, between an exit and the restart). */
  readonly pid: number | undefined;
  /** How many times it has ended without being asked to. */
  readonly unexpectedExits: number;
  /** The last lines of its output, for an error message. */
  readonly recentLines: readonly string[];
  /** Sends a signal; false when it is not running. If the process ends, it is restarted. */
  kill(signal: NodeJS.Signals): boolean;
  /** Asks it to stop and starts it again at once, even while it waits for a restart after a failure. */
  restart(): void;
  /** Asks it to stop and does not restart it; after `graceMs` its whole process group gets SIGKILL. */
  stop(graceMs?: number): Promise<void>;
};

type Ending = { code: number | null; signal: NodeJS.Signals | null } | { error: Error };

const firstDelayMs = 100;
const longestDelayMs = 10_000;
/** A process that was up for this long has not failed at its start, and is restarted without a long wait. */
const stableAfterMs = 10_000;
const linesToRemember = 20;

/** Starts a process in its own process group, and restarts it with exponential back-off whenever it ends unexpectedly. */
export function superviseProcess(spec: ProcessSpec, surroundings: Surroundings): SupervisedProcess {
  const { guard, onLine = () => {}, onEvent = () => {} } = surroundings;
  const { name, stopSignal = 'SIGTERM' } = spec;
  const recentLines: string[] = [];
  let child: ChildProcess | undefined;
  let unexpectedExits = 0;
  let stopping = false;
  let restarting = false;
  let endDelay = () => {};

  const takeLine = (line: string) => {
    recentLines.push(line);
    if (recentLines.length > linesToRemember) recentLines.shift();
    onLine(name, line);
  };

  const runOnce = async (): Promise<Ending> => {
    await spec.beforeStart?.();
    if (stopping) return { code: 0, signal: null };
    restarting = false;
    const started = spawn(spec.command, spec.args ?? [], {
      // In its own group, so that Ctrl-C in the terminal reaches the supervisor only, and descendants can be found.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: spec.cwd,
      env: spec.env ?? systemEnvironment(),
      uid: spec.uid,
      gid: spec.gid,
    });
    const { pid } = started;
    if (pid !== undefined) {
      guard.add(pid, stopSignal);
      child = started;
    }
    for (const stream of [started.stdout, started.stderr]) {
      createInterface({ input: stream, crlfDelay: Infinity }).on('line', takeLine);
    }
    const ending = await new Promise<Ending>((resolve) => {
      started.once('exit', (code, signal) => resolve({ code, signal }));
      started.once('error', (error) => resolve({ error }));
    });
    child = undefined;
    if (pid !== undefined) {
      await killGroup(pid);
      guard.remove(pid);
    }
    return ending;
  };

  const superviseUntilStopped = async () => {
    let delay = firstDelayMs;
    for (;;) {
      const startedAt = performance.now();
      const ending = await runOnce().catch((error: unknown): Ending => ({ error: error as Error }));
      if (stopping) return;
      if (restarting) {
        delay = firstDelayMs;
        continue;
      }
      unexpectedExits += 1;
      if (performance.now() - startedAt >= stableAfterMs) delay = firstDelayMs;
      onEvent(`${name} ${describeEnding(ending)}, restarting in ${delay} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, delay);
        endDelay = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      delay = Math.min(delay * 2, longestDelayMs);
    }
  };

  const ended = superviseUntilStopped();

  return {
    name,
    get pid() {
      return child?.pid;
    },
    get unexpectedExits() {
      return unexpectedExits;
    },
    recentLines,
    kill: (signal) => child?.kill(signal) ?? false,
    restart() {
      restarting = true;
      endDelay();
      child?.kill(stopSignal);
    },
    async stop(graceMs = 5_000) {
      if (!stopping) {
        stopping = true;
        endDelay();
        child?.kill(stopSignal);
      }
      const deadline = setTimeout(() => {
        if (child?.pid === undefined) return;
        onEvent(`${name} did not stop within ${graceMs} ms; killing it`);
        sendSignal(-child.pid, 'SIGKILL');
      }, graceMs);
      await ended;
      clearTimeout(deadline);
    },
  };
}

function describeEnding(ending: Ending): string {
  if ('error' in ending) return `could not be started (${ending.error.message})`;
  return ending.signal ? `was killed by ${ending.signal}` : `exited with code ${ending.code}`;
}
