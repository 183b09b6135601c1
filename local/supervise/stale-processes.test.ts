import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { findProcess } from './process-table.js';
import { endStaleProcesses, recordProcesses } from './stale-processes.js';
import { temporaryFolder } from './test-support.js';

let folder: string;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function startSleeper() {
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
  const found = findProcess(child.pid ?? 0);
  if (!found) throw new Error('sleep did not start');
  const { pid: leader, started, executable } = found;
  return { child, record: { leader, started, executable, stopSignal: 'SIGTERM' as const } };
}

test('ends a recorded process', async () => {
  const { child, record } = startSleeper();
  const exit = once(child, 'exit');
  recordProcesses(folder, [record]);
  expect(await endStaleProcesses(folder)).toBe(1);
  expect(await exit).toEqual([null, 'SIGTERM']);
});

test('spares an unrelated process that has the pid of a recorded one', async () => {
  const { child, record } = startSleeper();
  recordProcesses(folder, [{ ...record, started: 'at another time' }]);
  expect(await endStaleProcesses(folder)).toBe(0);
  expect(findProcess(record.leader)).toBeDefined();
  const exit = once(child, 'exit');
  child.kill();
  await exit;
});

test('does nothing without a record', async () => {
  expect(await endStaleProcesses(folder)).toBe(0);
});
