import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deserted } from '../support/listen.js';

const script = join(__dirname, '../../load-test.sh');

function loadTest(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(script, args, { encoding: 'utf8' });
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
  [['--file', '/nowhere.png'], 'the image /nowhere.png cannot be read'],
  [['-n'], '-n needs a value. See ./load-test.sh --help'],
  [['--fast'], 'unknown option --fast. See ./load-test.sh --help'],
])('%j is refused in one line, with status 2', (args, message) => {
  expect(loadTest(...args)).toEqual({ status: 2, stdout: '', stderr: `load-test.sh: ${message}\n` });
});

test('requests without a response are counted as failed, with status 1', async () => {
  const { status, stdout } = loadTest('--url', await deserted(), '-n', '3');
  expect(status).toBe(1);
  expect(stdout.match(/^ +\d {2}000 .*Failed to connect/gm)).toHaveLength(3);
  expect(stdout).toMatch(/^failed {4}3$/m);
});

test('requests over a client’s limit are reported separately', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(429, { 'Retry-After': '1', 'X-Served-By': 'task-api-1' }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const run = promisify(execFile)(script, ['--url', url, '-n', '3', '--target', 'tasks']);
    const { stdout, code } = await run.then(
      ({ stdout }) => ({ stdout, code: 0 }),
      (error: unknown) => error as { stdout: string; code: number },
    );
    expect(code).toBe(1);
    expect(stdout.match(/ 429 .* task-api-1 \(over the limit\)$/gm)).toHaveLength(3);
    expect(stdout).toMatch(/^limited {3}3 exceeded the limit for one client \(429\)/m);
  } finally {
    server.close();
  }
});

test('--compare fails where no stack responds', async () => {
  const url = await deserted();
  expect(loadTest('--url', url, '--compare', '1,2')).toMatchObject({
    status: 2,
    stderr: `load-test.sh: there is no healthy blur-worker at ${url}/health. Is the stack running there?\n`,
  });
});

describe('when the shell names a proxy', () => {
  let server: Server;
  let home: string;
  /** The first lines of the requests, as received: a proxy gets a whole URL. */
  let asked: string[];

  beforeEach(async () => {
    asked = [];
    server = createServer((request, response) => {
      asked.push(request.url!);
      response.setHeader('X-Served-By', 'text-worker-1').end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    home = mkdtempSync(join(tmpdir(), 'millrace-home-'));
  });
  afterEach(() => {
    server.close();
    rmSync(home, { recursive: true });
  });

  const address = () => `127.0.0.1:${(server.address() as AddressInfo).port}`;

  /** The number of requests that were answered. */
  async function answered(url: string, proxy: string): Promise<number> {
    const proxies = Object.fromEntries(
      ['http_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'].map((name) => [name, proxy]),
    );
    const options = { env: { PATH: process.env.PATH, HOME: home, ...proxies } };
    const args = ['--url', url, '-n', '3', '--target', 'health'];
    const { stdout } = await promisify(execFile)(script, args, options).catch(
      (error: unknown) => error as { stdout: string },
    );
    return stdout.match(/ 200 .* text-worker-1$/gm)?.length ?? 0;
  }

  test.each(['127.0.0.1', 'localhost'])('it is not used for %s', async (host) => {
    const url = `http://${address().replace('127.0.0.1', host)}`;
    expect(await answered(url, await deserted())).toBe(3);
    expect(asked).toEqual(['/health', '/health', '/health']);
  });

  test('nor is one from ~/.curlrc', async () => {
    writeFileSync(join(home, '.curlrc'), `proxy = ${await deserted()}\n`);
    expect(await answered(`http://${address()}`, '')).toBe(3);
  });

  test('it is used for another machine', async () => {
    const url = 'http://millrace.example';
    expect(await answered(url, `http://${address()}`)).toBe(3);
    expect(asked).toEqual([`${url}/health`, `${url}/health`, `${url}/health`]);
  });
});
