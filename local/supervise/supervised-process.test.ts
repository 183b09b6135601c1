import { findGroup, findProcess } from './process-table.js';
import { superviseProcess, type SupervisedProcess } from './supervised-process.js';
import { scriptSpec, withGuard } from './test-support.js';
import { until } from '../../tests/support/until.js';

const runForever = 'setInterval(() => {}, 1000); console.log("up");';

/** Starts a process, passes it on with its output and events, and stops it. */
async function withProcess(
  script: string,
  use: (process: SupervisedProcess, lines: string[], events: string[]) => Promise<void>,
): Promise<void> {
  await withGuard(async (guard) => {
    const lines: string[] = [];
    const events: string[] = [];
    const process = superviseProcess(scriptSpec(script), {
      guard,
      onLine: (_source, line) => lines.push(line),
      onEvent: (line) => events.push(line),
    });
    try {
      await use(process, lines, events);
    } finally {
      await process.stop(1_000);
    }
  });
}

test('passes the output on line by line, from stdout and stderr', async () => {
  await withProcess(
    `process.stdout.write('one\\ntwo'); console.error('three'); ${runForever}`,
    async (_process, lines) => {
      await until('three lines have come', () => lines.length === 3);
      expect([...lines].sort()).toEqual(['one', 'three', 'twoup']);
    },
  );
});

test('restarts a process that ended, each time after a longer delay', async () => {
  await withProcess('process.exit(3)', async (process, _lines, events) => {
    await until('it has ended three times', () => process.unexpectedExits >= 3);
    expect(events.slice(0, 3)).toEqual([
      'script exited with code 3, restarting in 100 ms',
      'script exited with code 3, restarting in 200 ms',
      'script exited with code 3, restarting in 400 ms',
    ]);
  });
});

test('restarts a process that was killed', async () => {
  await withProcess(runForever, async (process, lines, events) => {
    await until('it is up', () => lines.length === 1);
    const firstPid = process.pid;
    expect(process.kill('SIGKILL')).toBe(true);
    await until('it is up again', () => lines.length === 2);
    expect(process.pid).not.toBe(firstPid);
    expect(events).toEqual(['script was killed by SIGKILL, restarting in 100 ms']);
  });
});

test('reports a program that does not exist, and tries again', async () => {
  await withGuard(async (guard) => {
    const events: string[] = [];
    const spec = { name: 'ghost', command: '/nonexistent/program' };
    const process = superviseProcess(spec, { guard, onEvent: (line) => events.push(line) });
    await until('it has been tried twice', () => events.length >= 2);
    await process.stop();
    expect(events[0]).toBe(
      'ghost could not be started (spawn /nonexistent/program ENOENT), restarting in 100 ms',
    );
  });
});

test('stops a process with its stop signal and does not restart it', async () => {
  const script = `process.on('SIGTERM', () => { console.log('bye'); process.exit(0); }); ${runForever}`;
  await withProcess(script, async (process, lines, events) => {
    await until('it is up', () => lines.includes('up'));
    await Promise.all([process.stop(), process.stop()]);
    await until('its last line has come', () => lines.includes('bye'));
    expect(process.pid).toBeUndefined();
    expect(events).toEqual([]);
  });
});

test('does not wait for the delay of a restart when it is stopped', async () => {
  await withProcess('process.exit(1)', async (process) => {
    await until(
      'the delay has grown to more than three seconds',
      () => process.unexpectedExits >= 6 && process.pid === undefined,
    );
    const startedAt = performance.now();
    await process.stop();
    expect(performance.now() - startedAt).toBeLessThan(2_500);
  });
});

test('kills a process that does not stop in time', async () => {
  await withProcess(`process.on('SIGTERM', () => {}); ${runForever}`, async (process, lines, events) => {
    await until('it is up', () => lines.includes('up'));
    await process.stop(50);
    expect(events).toEqual(['script did not stop within 50 ms; killing it']);
  });
});

test('ends the descendants of an ended process', async () => {
  const script = `
    const { pid } = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    console.log(pid);
    setInterval(() => {}, 1000);`;
  await withProcess(script, async (process, lines) => {
    await until('the child is there', () => lines.length === 1);
    const group = process.pid ?? 0;
    expect(findGroup(group)).toHaveLength(2);
    await process.stop();
    expect(findProcess(Number(lines[0]))).toBeUndefined();
    expect(findGroup(group)).toEqual([]);
  });
});

test('restarts at once when told to, even while it waits after a failure', async () => {
  await withProcess(runForever, async (process, lines, events) => {
    await until('it is up', () => lines.length === 1);
    process.restart();
    await until('it is up again', () => lines.length === 2);
    expect(process.unexpectedExits).toBe(0);
    expect(events).toEqual([]);
  });
  await withProcess('console.log("up"); process.exit(1)', async (process, lines) => {
    await until('it waits for more than three seconds', () => process.unexpectedExits >= 6);
    const starts = lines.length;
    const begun = performance.now();
    process.restart();
    await until('it was started again', () => lines.length > starts);
    expect(performance.now() - begun).toBeLessThan(2_500);
  });
});
