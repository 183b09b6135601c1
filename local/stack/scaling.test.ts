import { readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { openControl, type Control } from './control.js';
import { findGroup } from '../supervise/process-table.js';
import { startStack, type Stack } from './stack.js';
import { stubService, temporaryFolder } from '../supervise/test-support.js';
import { until } from '../../tests/support/until.js';
import { serviceNames } from '#topology';

let dataDir: string;
let stack: Stack;
let control: Control;
/** What the services have said. */
const lines: string[] = [];
/** What the next replicas run. */
let script = stubService;

beforeAll(async () => {
  dataDir = temporaryFolder();
  const serviceCommand = () => ({ command: process.execPath, args: ['-e', script] });
  stack = await startStack({
    port: 'free',
    dataDir,
    serviceCommand,
    onLine: (_source, line) => lines.push(line),
  });
  control = await openControl(dataDir, stack);
}, 90_000);

afterEach(() => {
  script = stubService;
});

afterAll(async () => {
  await stack.stop();
  await control.close();
});

test('the file of a service lists the base URL of each replica, for its callers', async () => {
  await stack.scale({ 'blur-worker': 3 });
  const urls = urlsOf('blur-worker');
  expect(urls).toHaveLength(3);
  expect(urls).toEqual(replicas('blur-worker').map(({ url }) => url));
  expect(await answer(urls[2]!)).toMatch(/^blur-worker-3 /);

  const last = stack.process('blur-worker-3').pid!;
  await stack.scale({ 'blur-worker': 2 });
  expect(urlsOf('blur-worker')).toEqual(urls.slice(0, 2));
  expect(findGroup(last)).toEqual([]);
  expect(urlsOf('bw-worker')).toHaveLength(1);
});

test('a public service gets requests through nginx, and loses none when it scales down', async () => {
  await stack.scale({ 'user-api': 3 });
  const pods = await Promise.all(
    Array.from({ length: 12 }, () => answer(`${stack.url}/user/users?delay=100`)),
  );
  expect(new Set(pods.map((pod) => pod.split(' ')[0]))).toEqual(
    new Set(['user-api-1', 'user-api-2', 'user-api-3']),
  );

  const before = delayed();
  const underWay = Array.from({ length: 12 }, () => answer(`${stack.url}/user/users?delay=3000`));
  await until('all have reached a replica', () => delayed() === before + 12);
  await stack.scale({ 'user-api': 1 });
  expect((await Promise.all(underWay)).filter((pod) => pod.startsWith('user-api-3'))).toHaveLength(4);
  expect(await answer(`${stack.url}/user/users`)).toMatch(/^user-api-1 /);
});

test('a replica that does not start is reported with its last output, and nothing changes', async () => {
  script = 'console.error("no blur today"); process.exit(1)';
  const before = urlsOf('blur-worker');
  await expect(stack.scale({ 'blur-worker': before.length + 1, 'text-worker': 2 })).rejects.toThrow(
    /no blur today\n.* exited \d+ times before it was ready$/,
  );
  expect(urlsOf('blur-worker')).toEqual(before);
  expect(urlsOf('text-worker')).toHaveLength(1);
});

test('of two at the same time, the second waits for the first', async () => {
  await Promise.all([stack.scale({ 'bw-worker': 3 }), stack.scale({ 'bw-worker': 2 })]);
  expect(replicas('bw-worker').map(({ name }) => name)).toEqual(['bw-worker-1', 'bw-worker-2']);
});

describe('the control socket', () => {
  test('scales, and reports what runs', async () => {
    const after = await ask('POST', 'text-worker=2');
    expect(after).toMatchObject({ url: stack.url, scale: { 'text-worker': 2, 'task-api': 1 } });
    expect(Object.keys(after.scale!)).toEqual([...serviceNames]);
    expect(await ask('GET')).toEqual(after);
  });

  test.each(['text-worker', 'text-worker=0', 'text-worker=100', 'teapot=2'])('refuses %s', async (words) => {
    expect((await ask('POST', words)).error).toBe(
      `Use SERVICE=NUMBER with a number from 1 to 99, not "${words}". Services: ${serviceNames.join(', ')}.`,
    );
  });

  test('is only accessible to its owner', () => {
    expect(statSync(join(dataDir, 'control')).mode & 0o777).toBe(0o600);
  });
});

test('a stop cancels a scaling in progress', async () => {
  script = 'setInterval(() => {}, 1000)';
  const scaling = stack.scale({ 'queue-worker': 2 });
  const refused = expect(scaling).rejects.toThrow();
  await stack.stop();
  await refused;
});

/** How many requests replicas have, or had, that are answered later. */
function delayed(): number {
  return lines.filter((line) => line === 'delayed').length;
}

function replicas(service: string) {
  return stack.replicas.filter((replica) => replica.service === service);
}

function urlsOf(service: string): string[] {
  return readFileSync(join(dataDir, 'replicas', service), 'utf8')
    .trim()
    .split('\n');
}

async function answer(url: string): Promise<string> {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  return response.text();
}

function ask(method: string, body = ''): Promise<{ url?: string; scale?: object; error?: string }> {
  return new Promise((resolve, reject) => {
    const options = { socketPath: join(dataDir, 'control'), path: '/scale', method };
    const sent = request(options, (response) => {
      text(response).then((answered) => resolve(JSON.parse(answered) as object), reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
