import { join } from 'node:path';
import { repositoryRoot } from '../../../../../local/paths.js';
import { eventually } from '../../../../../tests/support/eventually.js';
import { type RunningProgram, runSource } from '../../../../../tests/support/run-source.js';

const running: RunningProgram[] = [];
afterEach(() => {
  for (const { process } of running.splice(0)) process.kill('SIGKILL');
});

/** A program that logs this many lines of 1,000 characters, and then ends. */
function start(lines: number, end: string): RunningProgram {
  const program = runSource(join(repositoryRoot, 'tests/support/fixture-log-output.ts'), {
    LINES: String(lines),
    END: end,
  });
  running.push(program);
  return program;
}

const numbers = (program: RunningProgram) =>
  program.log().flatMap(({ number }) => (typeof number === 'number' ? [number] : []));
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

it.each([
  ['by itself', 0, null],
  ['by process.exit', 3, null],
  ['by an error', 1, null],
  ['by SIGKILL in the next turn', null, 'SIGKILL'],
])('loses no line when a process ends %s', async (end, code, signal) => {
  // Few enough to fit into a pipe.
  const program = start(50, end);
  expect(await program.ended).toMatchObject({ code, signal });
  expect(numbers(program)).toEqual(upTo(50));
});

describe('a reader that does not read', () => {
  it('blocks nothing; lines beyond a million characters are dropped and counted', async () => {
    const LINES = 20_000;
    const program = start(LINES, 'by SIGTERM');
    program.process.stdout!.pause();
    await eventually(() => expect(program.stderr()).toBe('logged\n'));
    program.process.stdout!.resume();
    const notice = await eventually(() => {
      const found = program
        .log()
        .find(({ msg }) => msg === 'log lines were dropped, because nobody read them');
      expect(found).toBeDefined();
      return found!;
    });
    const written = numbers(program);
    expect(notice).toMatchObject({ level: 'warn', service: 'fixture', lines: LINES - written.length });
    expect(written).toEqual(upTo(written.length));
    expect(written.length).toBeGreaterThan(900);
    expect(written.length).toBeLessThan(2_000);
  });

  it('gets every line at exit, even if it is slow', async () => {
    const program = start(800, 'by process.exit');
    program.process.stdout!.pause();
    await eventually(() => expect(program.stderr()).toBe('logged\n'));
    program.process.stdout!.resume();
    expect(await program.ended).toMatchObject({ code: 3 });
    expect(numbers(program)).toEqual(upTo(800));
  });

  it('does not keep the process from exiting', async () => {
    const program = start(2_000, 'by process.exit');
    program.process.stdout!.pause();
    await eventually(() => expect(program.process.exitCode).toBe(3));
  });
});

it('keeps running without a reader', async () => {
  const program = start(2_000, 'by process.exit');
  program.process.stdout!.destroy();
  expect(await program.ended).toMatchObject({ code: 3, stderr: 'logged\n' });
});
