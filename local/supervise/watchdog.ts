/**
 * A separate process that outlives the supervisor and ends what a killed one left behind. It holds a pipe from the supervisor, which the
 * system closes however the supervisor ends. Lines on the pipe: `add <pid> <signal>` and `remove <pid>`. Processes that already run when it
 * starts are in its arguments, as `<pid>:<signal>`.
 */
import { createInterface } from 'node:readline';
import { endGroups } from './process-group.js';

const graceMs = 4_000;
const stopSignals = new Map<number, NodeJS.Signals>();
for (const argument of process.argv.slice(2)) {
  const [pid, signal] = argument.split(':');
  stopSignals.set(Number(pid), signal as NodeJS.Signals);
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const [verb, pid, signal] = line.split(' ');
  if (verb === 'add') stopSignals.set(Number(pid), signal as NodeJS.Signals);
  if (verb === 'remove') stopSignals.delete(Number(pid));
});
lines.on('close', () => {
  const groups = [...stopSignals].map(([leader, stopSignal]) => ({ leader, stopSignal }));
  void endGroups(groups, graceMs);
});

// The supervisor handles a signal to everything in a terminal or a session; this process ends with it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
