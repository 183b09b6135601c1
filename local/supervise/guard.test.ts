import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openGuard } from './guard.js';
import { compiledScript } from '../paths.js';
import { findGroup, findProcess } from './process-table.js';
import { temporaryFolder } from './test-support.js';
import { until } from '../../tests/support/until.js';

/** A process that spawns another and then waits, as nginx or `node --watch` do. */
const family = `
  require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  setInterval(() => {}, 1000);
  console.log('up');`;

/** A supervisor in its own process; prints the pids of its watchdog and of the supervised process. */
const supervisor = `
  const [folder, family] = process.argv.slice(1);
  const { openGuard } = require(${JSON.stringify(compiledScript('supervise/guard'))});
  const { superviseProcess } = require(${JSON.stringify(compiledScript('supervise/supervised-process'))});
  openGuard(folder, console.log).then((guard) => {
    const spec = { name: 'family', command: process.execPath, args: ['-e', family] };
    const supervised = superviseProcess(spec, { guard, onLine: () => console.log('pid ' + supervised.pid) });
  });`;

type Supervisor = { process: ChildProcess; group: number; lines: string[] };

async function startSupervisor(folder: string): Promise<Supervisor> {
  const child = spawn(process.execPath, ['-e', supervisor, folder, family], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  await until('the supervised process is up', () => lines.some((line) => line.startsWith('pid')));
  const group = Number(lines.find((line) => line.startsWith('pid'))?.slice(4));
  await until('its child is there', () => findGroup(group).length === 2);
  return { process: child, group, lines };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

function watchdogOf(supervisorPid: number): number {
  const children = readFileSync(`/proc/${supervisorPid}/task/${supervisorPid}/children`, 'utf8')
    .trim()
    .split(' ');
  const isWatchdog = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('watchdog');
    } catch {
      // It has just ended.
      return false;
    }
  };
  return Number(children.find(isWatchdog));
}

let folder: string;
let running: Supervisor | undefined;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(async () => {
  if (running) {
    await kill(running.process);
    const { group } = running;
    await until('everything has ended', () => findGroup(group).length === 0);
  }
  running = undefined;
  rmSync(folder, { recursive: true, force: true });
});

test('leaves no process behind when the supervisor is killed', async () => {
  running = await startSupervisor(folder);
  const { group } = running;
  await kill(running.process);
  await until('everything has ended', () => findGroup(group).length === 0);
});

test('refuses a second supervisor on the same data folder', async () => {
  running = await startSupervisor(folder);
  await expect(openGuard(folder)).rejects.toThrow(
    `Millrace is already running in ${folder} (process ${running.process.pid})`,
  );
});

test('takes over the data folder of a supervisor that was killed', async () => {
  running = await startSupervisor(folder);
  await kill(running.process);
  const guard = await openGuard(folder);
  expect(findGroup(running.group)).toEqual([]);
  await guard.close();
});

test('continues when the disk cannot take its list of processes', async () => {
  const events: string[] = [];
  const guard = await openGuard(folder, (line) => events.push(line));
  // No file can be written where a folder is.
  mkdirSync(join(folder, 'processes.json.new'));
  const child = spawn(process.execPath, ['-e', family], { detached: true, stdio: 'ignore' });
  try {
    guard.add(child.pid!, 'SIGTERM');
    expect(events).toEqual([expect.stringContaining('could not write the list of processes: EISDIR')]);
  } finally {
    child.kill('SIGKILL');
    // What the watchdog was told about ends with it.
    await guard.close();
  }
});

// Linux only: where the system does not list a process's children, the test cannot find the watchdog.
const testOnLinux = process.platform === 'linux' ? test : test.skip;

testOnLinux('replaces a watchdog that was killed', async () => {
  running = await startSupervisor(folder);
  const { group } = running;
  const supervisorPid = running.process.pid ?? 0;
  const firstWatchdog = watchdogOf(supervisorPid);
  process.kill(firstWatchdog, 'SIGKILL');
  await until('there is another watchdog', () => {
    const watchdog = watchdogOf(supervisorPid);
    return watchdog > 0 && watchdog !== firstWatchdog;
  });
  await kill(running.process);
  await until('everything has ended', () => findGroup(group).length === 0);
});

testOnLinux('ends at the next start what was left when the watchdog was killed, too', async () => {
  running = await startSupervisor(folder);
  const watchdog = watchdogOf(running.process.pid ?? 0);
  // Stopped first, so that it cannot replace the watchdog.
  running.process.kill('SIGSTOP');
  process.kill(watchdog, 'SIGKILL');
  await kill(running.process);
  // Only the leader, so that its child is left.
  process.kill(running.group, 'SIGKILL');
  await until('the leader has ended', () => findProcess(running?.group ?? 0) === undefined);
  expect(findGroup(running.group)).toHaveLength(1);

  const events: string[] = [];
  const guard = await openGuard(folder, (line) => events.push(line));
  expect(findGroup(running.group)).toEqual([]);
  expect(events).toEqual(['ended 1 process left behind by an earlier run']);
  await guard.close();
});
