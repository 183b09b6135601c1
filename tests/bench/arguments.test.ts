import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { compiledScript } from '../../local/paths.js';
import { readArguments, UsageError } from './arguments.js';

const names = ['jobs', 'jobs-celery', 'list', 'growth-list', 'growth-create'];
const rowsOf = (...args: string[]) => readArguments(args, names).rows;

test('without options, every row is measured', () => {
  expect(readArguments([], names)).toEqual({
    ...{ help: false, short: false, docs: false, json: undefined },
    rows: names,
  });
});

test("--only may be repeated or be a list; the order is the suite's", () => {
  expect(rowsOf('--only', 'list', '--only=jobs')).toEqual(['jobs', 'list']);
  expect(rowsOf('--only', 'growth-create, list')).toEqual(['list', 'growth-create']);
});

test("the first part of a name matches all names that begin with it, unless it is a row's name", () => {
  expect(rowsOf('--only', 'growth')).toEqual(['growth-list', 'growth-create']);
  expect(rowsOf('--only', 'jobs')).toEqual(['jobs']);
});

test('the other options', () => {
  expect(readArguments(['--short', '--docs', '--json', 'out.json'], names)).toMatchObject({
    short: true,
    docs: true,
    json: 'out.json',
  });
});

test.each([
  [
    ['--only', 'lists'],
    'There is no row "lists". Rows: jobs, jobs-celery, list, growth-list, growth-create.',
  ],
  [['--only', 'x,y'], /^There is no row "x", "y"\. /],
  [['--only', ''], /^There is no row ""\. /],
  [['--fast'], /^Unknown option '--fast'\. Options: --only ROW, --json FILE, /],
  [['jobs'], /^Unexpected argument 'jobs'\. Options: /],
  [['--json'], /^Option '--json <value>' argument missing\. Options: /],
])('%j is refused, with the valid values', (args, message) => {
  const read = () => readArguments(args, names);
  expect(read).toThrow(UsageError);
  expect(read).toThrow(message);
});

test('the command refuses an unknown row in one line, with status 2', () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      '--conditions=millrace-source',
      ...['-r', compiledScript('register-source'), join(__dirname, 'main.ts')],
      ...['--only', 'nonsense'],
    ],
    { encoding: 'utf8' },
  );
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^There is no row "nonsense"\. Rows: .*\bjobs\b.*\.\n$/);
});
