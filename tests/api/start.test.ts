// `npm start` as a person runs it: in a shell, in a checkout (a copy of this one), with persistent data.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { queuedTaskSchema, taskSchema, uploadResponseSchema } from '@millrace/contracts';
import { freePort } from '../../local/servers/ports.js';
import { copyCheckout, type Checkout } from './checkout.js';
import { send, sendJson, upload } from './client.js';
import { jpeg } from './images.js';
import { eventually } from '../support/eventually.js';
import { until } from '../support/until.js';

const START_MS = 90_000;

/** A command in its own shell, as in a terminal. */
interface Terminal {
  /** What it has written so far. */
  output(): string;
  /** The part of it that went to standard error. */
  errors(): string;
  /** What the keys send: a signal to every process of the foreground group. */
  ctrlC(): void;
  /** Waits for the end. @returns the exit status that the shell sees */
  exit(): Promise<number | null>;
}

/** What a shell may contain for other projects, and for the internet. */
const elsewhere = {
  PGSSLMODE: 'require',
  PGOPTIONS: '-c search_path=elsewhere',
  REDIS_URL: 'redis://127.0.0.1:9',
  POD_NAME_FILE: '/nowhere',
  NODE_ENV: 'production',
  http_proxy: 'http://127.0.0.1:9',
  https_proxy: 'http://127.0.0.1:9',
  all_proxy: 'http://127.0.0.1:9',
  npm_config_proxy: 'http://127.0.0.1:9',
};

let checkout: Checkout;
let port: number;
let taskId: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  // Not everything in the copy can be compiled, as its packages are links: what was edited since the last build is compiled here.
  execFileSync(process.execPath, ['local/prepare.mjs'], { cwd: join(__dirname, '../..') });
  checkout = copyCheckout();
  port = await freePort();
}, START_MS);

afterAll(async () => {
  checkout.remove();
  await Promise.all(
    children
      .filter((child) => child.exitCode === null && child.signalCode === null)
      .map((child) => once(child, 'exit')),
  );
});

test(
  'a port in use is reported in one line, with status 1',
  async () => {
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    try {
      const terminal = run('npm start --silent');
      expect(await terminal.exit()).toBe(1);
      expect(terminal.errors()).toBe(
        `Port ${port} is in use by another program. Choose another: PORT=${port + 1} npm start\n`,
      );
    } finally {
      other.close();
      await once(other, 'close');
    }
    await nothingRuns();
  },
  START_MS,
);

test(
  'an interrupted start exits with the status of the signal, and leaves nothing behind',
  async () => {
    const terminal = run('npm start --silent');
    const frozen = () => checkout.processes().find(({ command }) => command.includes('bundle/main.js'));
    await until('a service runs', () => frozen() !== undefined, START_MS);
    // It cannot become ready, and does not respond.
    process.kill(frozen()!.pid, 'SIGSTOP');
    terminal.ctrlC();
    expect(await terminal.exit()).toBe(130);
    expect(terminal.output()).not.toContain('ready after');
    await nothingRuns();
  },
  START_MS,
);

test(
  'starts, prints its URL and a first call that works, and Ctrl-C ends it without a trace',
  async () => {
    // Like people who want everything to be built again.
    rmSync(join(checkout.folder, 'services/text-worker/dist'), { recursive: true });
    const terminal = run('npm start');
    await ready(terminal);
    const [, firstCall = ''] = /try: (curl .*)/.exec(terminal.output()) ?? [];
    expect(firstCall).toBe(`curl -X POST http://localhost:${port}/api/add/task1`);
    const answer = execFileSync('/bin/sh', ['-c', firstCall], { stdio: ['ignore', 'pipe', 'ignore'] });
    expect(queuedTaskSchema.parse(JSON.parse(answer.toString()))).toMatchObject({ task: 'task1' });
    await until('the log shows the work', () => terminal.output().includes('Completed task'));

    taskId = (await sendJson('POST', '/api/tasks', { title: 'Outlast' }, { url: url() })).as(taskSchema).id;
    expect(checkout.processes().length).toBeGreaterThan(10);

    terminal.ctrlC();
    expect(await terminal.exit()).toBe(0);
    expect(terminal.output()).toMatch(/stopped\n$/);
    await nothingRuns();
  },
  START_MS,
);

describe('restarted with --scale blur-worker=2, from a shell that is set up for other projects', () => {
  let terminal: Terminal;

  beforeAll(async () => {
    terminal = run('npm start -- --scale blur-worker=2', elsewhere);
    await ready(terminal);
  }, START_MS);

  test('it still has the task of the previous run', async () => {
    const reply = await send(`/api/tasks/${taskId}`, { url: url() });
    expect(reply.as(taskSchema)).toMatchObject({ title: 'Outlast' });
  });

  test('two pods share the work', async () => {
    const file = await jpeg();
    const replies = await Promise.all(
      Array.from({ length: 8 }, () => upload({ file, effects: 'blur' }, { url: url() })),
    );
    const pods = replies.map((reply) => reply.as(uploadResponseSchema).processed_by_pod);
    expect([...new Set(pods)].sort()).toEqual(['blur-worker-1', 'blur-worker-2']);
  });

  test(
    'npm run scale changes the number of replicas, and reports it',
    () => {
      expect(execute('npm run --silent scale -- blur-worker=3 text-worker=2')).toMatch(
        new RegExp(`^http://127.0.0.1:${port}\n.*^text-worker +2\nblur-worker +3\n`, 'ms'),
      );
      expect(execute('npm run --silent scale')).toMatch(/^blur-worker +3$/m);
      expect(() => execute('npm run --silent scale -- teapot=2')).toThrow(
        /Use SERVICE=NUMBER .* not "teapot=2". Services: web-gateway,/,
      );
    },
    START_MS,
  );

  test(
    'load-test.sh compares numbers of replicas, detects what runs, and restores it',
    () => {
      const output = execute(`./load-test.sh --url ${url()} --compare 1,2 -n 6 -c 3`);
      expect(output).toMatch(/^replicas +total +req\/s .*\n +1 .* x1\.00 +100%\n +2 .*%$/m);
      expect(output).toContain('without a delay');
      const [, name = ''] = /^(\/.*)\.json, \.svg and \.html$/m.exec(output) ?? [];
      const { on, steps } = JSON.parse(readFileSync(`${name}.json`, 'utf8')) as Comparison;
      expect(on).toBe('local');
      expect(steps.map(({ replicas, failed, timeline }) => [replicas, failed, timeline.length])).toEqual([
        [1, 0, 6],
        [2, 0, 6],
      ]);
      expect(new Set(steps[0]!.timeline.map(({ pod }) => pod))).toEqual(new Set(['blur-worker-1']));
      expect(readFileSync(`${name}.html`, 'utf8')).toContain(readFileSync(`${name}.svg`, 'utf8'));
      expect(execute('npm run --silent scale')).toMatch(/^blur-worker +3$/m);
    },
    START_MS,
  );

  test('no process outlives a supervisor that was killed with SIGKILL', async () => {
    const supervisor = checkout
      .processes()
      .find(({ command }) => /\blocal\/dist\/command\/start\.js/.test(command));
    process.kill(supervisor!.pid, 'SIGKILL');
    expect(await terminal.exit()).not.toBe(0);
    await nothingRuns();
  });
});

/** The part of load-test.sh's output that is checked here. */
interface Comparison {
  on: string;
  steps: { replicas: number; failed: number; timeline: { pod: string }[] }[];
}

/** Runs a command in the checkout. @returns its stdout @throws with its stderr, when it fails */
function execute(command: string): string {
  return execFileSync('/bin/sh', ['-c', command], {
    cwd: checkout.folder,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...elsewhere },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
}

/** The last to go may do so a moment after the command has ended. */
function nothingRuns(): Promise<void> {
  return eventually(() => expect(checkout.processes()).toEqual([]));
}

function url(): string {
  return `http://127.0.0.1:${port}`;
}

async function ready(terminal: Terminal): Promise<void> {
  const greeting = `ready after [\\d.]+ s: http://localhost:${port}`;
  await until(greeting, () => new RegExp(greeting).test(terminal.output()), START_MS - 5_000);
}

function run(command: string, variables: NodeJS.ProcessEnv = {}): Terminal {
  // `exec`, because a person's shell is not in the foreground group: the command is.
  const child = spawn('/bin/sh', ['-c', `exec ${command}`], {
    cwd: checkout.folder,
    // None of our variables: under `npm test` there are many from npm and jest.
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: String(port), ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Its own process group, like the foreground of a terminal.
    detached: true,
  });
  children.push(child);
  let output = '';
  let errors = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.on('data', (text: string) => (errors += text));
  const ended = once(child, 'close');
  return {
    output: () => output,
    errors: () => errors,
    ctrlC: () => process.kill(-child.pid!, 'SIGINT'),
    async exit() {
      await ended;
      return child.exitCode;
    },
  };
}
