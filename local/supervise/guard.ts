import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { lockDataDir } from './data-dir-lock.js';
import { systemEnvironment } from './environment.js';
import { compiledScript } from '../paths.js';
import { sendSignal } from './process-group.js';
import { findProcess } from './process-table.js';
import { endStaleProcesses, recordProcesses, type RecordedProcess } from './stale-processes.js';

/** Ensures that no process outlives its supervisor. One guard holds one data folder. */
export type Guard = {
  /** Call it right after a start: from then on the process group ends with this process, however that ends. */
  add(pid: number, stopSignal: NodeJS.Signals): void;
  /** Call it when nothing of the group is left. */
  remove(pid: number): void;
  /** SIGKILL to everything, at once: for a person who does not want to wait any longer. */
  killAll(): void;
  close(): Promise<void>;
};

/** Locks the data folder (creating it if necessary), ends what an earlier run left there, and starts the watchdog. */
export async function openGuard(dataDir: string, onEvent: (line: string) => void = () => {}): Promise<Guard> {
  const watchdogScript = compiledScript('supervise/watchdog');
  if (!existsSync(watchdogScript)) throw new Error(`${watchdogScript} is missing. Run "npm run build".`);
  mkdirSync(dataDir, { recursive: true });
  const unlock = lockDataDir(dataDir);
  const processes = new Map<number, RecordedProcess>();
  let closed = false;
  let watchdog: ChildProcess;

  const tell = (line: string) => watchdog.stdin?.write(`${line}\n`);

  /** The watchdog already knows: the file only matters when the watchdog is killed as well. A full disk is no reason to fail. */
  const record = () => {
    try {
      recordProcesses(dataDir, [...processes.values()]);
    } catch (error) {
      onEvent(`could not write the list of processes: ${(error as Error).message}`);
    }
  };

  const startWatchdog = () => {
    // As arguments, because this process may be killed before it writes to the pipe.
    const known = [...processes.values()].map(({ leader, stopSignal }) => `${leader}:${stopSignal}`);
    watchdog = spawn(process.execPath, [watchdogScript, ...known], {
      detached: true,
      cwd: '/',
      env: systemEnvironment(),
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    // A killed watchdog reads nothing more: its exit is what counts, and it is replaced then.
    watchdog.stdin?.on('error', () => {});
    watchdog.on('error', (error) => onEvent(`could not start the watchdog: ${error.message}`));
    watchdog.on('exit', () => {
      if (!closed) startWatchdog();
    });
  };

  try {
    const ended = await endStaleProcesses(dataDir);
    if (ended > 0)
      onEvent(`ended ${ended} ${ended === 1 ? 'process' : 'processes'} left behind by an earlier run`);
  } catch (error) {
    unlock();
    throw error;
  }
  startWatchdog();

  return {
    add(pid, stopSignal) {
      tell(`add ${pid} ${stopSignal}`);
      const { started = '', executable = '' } = findProcess(pid) ?? {};
      processes.set(pid, { leader: pid, stopSignal, started, executable });
      record();
    },
    remove(pid) {
      tell(`remove ${pid}`);
      processes.delete(pid);
      record();
    },
    killAll() {
      for (const pid of processes.keys()) sendSignal(-pid, 'SIGKILL');
    },
    async close() {
      if (closed) return;
      closed = true;
      watchdog.stdin?.end();
      if (watchdog.exitCode === null && watchdog.signalCode === null) await once(watchdog, 'exit');
      unlock();
    },
  };
}
