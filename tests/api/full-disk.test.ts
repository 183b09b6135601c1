// `npm start` with its data on a disk that fills up. Needs root, to mount one.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../local/servers/ports.js';
import { copyCheckout, type Checkout } from './checkout.js';
import { sendJson } from './client.js';
import { until } from '../support/until.js';

const START_MS = 60_000;
const MEBIBYTE = 2 ** 20;

let checkout: Checkout;
let port: number;
let data: string;

const canMount = process.platform === 'linux' && process.getuid?.() === 0;
const isMounted = () => spawnSync('mountpoint', ['-q', data]).status === 0;

beforeAll(async () => {
  execFileSync(process.execPath, ['local/prepare.mjs'], { cwd: join(__dirname, '../..') });
  checkout = copyCheckout();
  port = await freePort();
  data = join(checkout.folder, '.local');
  mkdirSync(data);
  if (canMount) spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=160m,mode=755', 'millrace', data]);
}, START_MS);

afterAll(async () => {
  checkout.killAll();
  await until('nothing runs', () => checkout.processes().length === 0);
  if (isMounted()) execFileSync('umount', [data]);
  checkout.remove();
});

/** Uses up all free space. */
function fill(): void {
  const block = Buffer.alloc(MEBIBYTE);
  for (let size = MEBIBYTE; size > 0; size = size === MEBIBYTE ? 4096 : 0) {
    try {
      for (;;) writeFileSync(join(data, 'filler'), block.subarray(0, size), { flag: 'a' });
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
    }
  }
}

const free = () => rmSync(join(data, 'filler'));

function start() {
  const child = spawn('npm', ['start', '--silent'], {
    cwd: checkout.folder,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exit = once(child, 'close').then(([status]) => status as number);
  return { output: () => output, exit, stop: () => child.kill('SIGTERM') };
}

const createTask = () =>
  sendJson(
    'POST',
    '/api/tasks',
    { title: 'Fill', description: 'x'.repeat(2_000) },
    { url: `http://127.0.0.1:${port}` },
  ).then(
    ({ status }) => status,
    () => 0,
  );

test(
  'says what is wrong, continues when there is room again, and keeps its data',
  async () => {
    if (!isMounted()) {
      console.warn('Cannot mount a file system here: the test with a full disk is skipped.');
      return;
    }
    const first = start();
    await until('it is ready', () => first.output().includes('ready after'), START_MS);
    await until('a task is made', async () => (await createTask()) === 201);
    fill();
    const message = `the disk with ${data} is full: free some space, and everything recovers automatically`;
    await until(
      'it says so',
      async () => {
        await Promise.all(Array.from({ length: 20 }, createTask));
        return first.output().includes(message);
      },
      START_MS,
    );
    free();
    await until('a task is made again', async () => (await createTask()) === 201, START_MS);
    first.stop();
    expect(await first.exit).toBe(0);

    fill();
    const second = start();
    expect(await second.exit).toBe(1);
    expect(second.output()).toMatch(
      new RegExp(`^The disk with ${data} is full: free some space, then start again\\.\n$`, 'm'),
    );
    free();
    const third = start();
    await until('it is ready', () => third.output().includes('ready after'), START_MS);
    await until('a task is made once more', async () => (await createTask()) === 201);
    third.stop();
    expect(await third.exit).toBe(0);
  },
  5 * START_MS,
);
