import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { deserted } from '../support/listen.js';

function loadTest(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(join(__dirname, '../../load-test.sh'), args, {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test.each([
  [['--url', 'localhost'], '--url must look like http://localhost:8080, not "localhost"'],
  [['-n', '0'], '-n must be a number from 1 to 999999, not "0"'],
  [['--concurrency=301'], '-c must be a number from 1 to 300, not "301"'],
  [['--duration', '1h'], '--duration must look like 30s or 2m, not "1h"'],
  [
    ['--target', 'blur'],
    '--target must be upload, analyze, tasks, health or a path such as /api/tasks, not "blur"',
  ],
  [['--compare', '1,,2'], '--compare must look like 1,2,4, not "1,,2"'],
  [['--compare', '1,2', '--target', 'tasks'], '--compare is for uploads: blur-worker is what it scales'],
  [['--on', 'mars'], '--on must be local, compose or kubernetes, not "mars"'],
  [['--file', '/nowhere.png'], 'the picture /nowhere.png cannot be read'],
  [['-n'], '-n needs a value. See ./load-test.sh --help'],
  [['--fast'], 'there is no option --fast. See ./load-test.sh --help'],
])('%j is refused in one line, with status 2', (args, message) => {
  expect(loadTest(...args)).toEqual({ status: 2, stdout: '', stderr: `load-test.sh: ${message}\n` });
});

test('requests that nobody answers are counted as failed, with status 1', async () => {
  const { status, stdout } = loadTest('--url', await deserted(), '-n', '3');
  expect(status).toBe(1);
  expect(stdout.match(/^ +\d {2}000 .*Failed to connect/gm)).toHaveLength(3);
  expect(stdout).toMatch(/^failed {4}3$/m);
});

test('there is nothing to compare where no stack answers', async () => {
  const url = await deserted();
  expect(loadTest('--url', url, '--compare', '1,2')).toMatchObject({
    status: 2,
    stderr: `load-test.sh: no healthy blur-worker is to be seen at ${url}/health. Does the stack run there?\n`,
  });
});
