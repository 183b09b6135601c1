// What fails when one part fails, and what does not. This kills and stops processes, so it starts its own local stack, whatever
// MILLRACE_URL says.
import { readFileSync } from 'node:fs';
import { systemHealthSchema, taskSchema, uploadResponseSchema } from '@millrace/contracts';
import { startStack, type Stack } from '../../local/stack/stack.js';
import { expectProblem, type Reply, send, sendJson, upload } from './client.js';
import { jpeg } from './images.js';
import { FAULT_ANSWER_MS } from '../support/fault-time.js';
import { until } from '../support/until.js';

const TEST_MS = 120_000;

/** Within this time after the part is back, everything is healthy again, even on a busy machine. */
const RECOVERY_MS = 30_000;

let stack: Stack;
let image: Buffer;
let imagePath: string;
const frozen = new Set<number>();
/** How long the supervisor has waited last before it restarted a process, in ms. */
const restartsIn = new Map<string, number>();

beforeAll(async () => {
  stack = await startStack({
    port: 'free',
    // By default an upload waits for two minutes in a busy worker's queue: a frozen worker looks like a busy one.
    env: { 'web-gateway': { UPLOAD_TIMEOUT_MS: '3000' } },
    onEvent(line) {
      const [, name, ms] = /^(\S+) .*, restarting in (\d+) ms$/.exec(line) ?? [];
      if (name) restartsIn.set(name, Number(ms));
    },
  });
  image = await jpeg();
  imagePath = (await upload({ file: image, effects: 'bw' }, { url: stack.url })).as(
    uploadResponseSchema,
  ).view_url;
}, 90_000);

afterAll(async () => {
  thaw();
  await stack.stop();
});

const get = (path: string) => send(path, { url: stack.url });
const post = (path: string, body: unknown) => sendJson('POST', path, body, { url: stack.url });
let users = 0;

/** Calls of every kind, each with its status in a healthy stack. */
const calls = {
  page: { ok: 200, call: () => get('/') },
  userPage: { ok: 200, call: () => get('/user/') },
  addTask: { ok: 202, call: () => post('/api/add', { task: 'in bad times' }) },
  createTask: { ok: 201, call: () => post('/api/tasks', { title: 'in bad times' }) },
  listTasks: { ok: 200, call: () => get('/tasks') },
  listJobs: { ok: 200, call: () => get('/api/jobs') },
  registerUser: {
    ok: 201,
    call: () => post('/user/register', { name: 'A', email: `a${(users += 1)}@example.com` }),
  },
  listUsers: { ok: 200, call: () => get('/user/users') },
  analyze: { ok: 200, call: () => post('/analyze', { text: 'x' }) },
  blur: { ok: 201, call: () => upload({ file: image, effects: 'blur' }, { url: stack.url }) },
  bw: { ok: 201, call: () => upload({ file: image, effects: 'bw' }, { url: stack.url }) },
  image: { ok: 200, call: () => get(imagePath) },
};
type Call = keyof typeof calls;
const allCalls = Object.keys(calls) as Call[];

interface Fault {
  /** The stack's name for the process. */
  process: string;
  /** The services whose /health reports unhealthy. */
  unhealthy: string[];
  /** The calls that need it. */
  needs: Call[];
}

const taskCalls: Call[] = ['addTask', 'createTask', 'listTasks', 'listJobs'];

const faults: Fault[] = [
  {
    process: 'postgres',
    unhealthy: ['task-api', 'user-api'],
    needs: [...taskCalls, 'registerUser', 'listUsers'],
  },
  {
    process: 'redis',
    unhealthy: ['web-gateway', 'task-api', 'queue-worker'],
    needs: ['blur', 'bw', 'image'],
  },
  { process: 'text-worker-1', unhealthy: ['text-worker'], needs: ['analyze'] },
  { process: 'blur-worker-1', unhealthy: ['blur-worker'], needs: ['blur'] },
  // A worker that cannot claim a job does none.
  { process: 'task-api-1', unhealthy: ['task-api', 'queue-worker'], needs: taskCalls },
];

describe.each(faults)('while $process is down', ({ process: name, unhealthy, needs }) => {
  let pids: Record<string, number | undefined>;

  beforeAll(() => {
    pids = servicePids(name);
  });

  test(
    'calls that need it are answered with 503 in time, and others work as usual',
    async () => {
      await whileDown(name, () => expectOutage(name, needs, 503));
    },
    TEST_MS,
  );

  test(
    '/health reports what is unhealthy',
    async () => {
      await whileDown(name, () => expectUnhealthy(unhealthy));
    },
    TEST_MS,
  );

  test(
    'everything is healthy again soon after its return, and no other process died',
    async () => {
      await until(`${name} is back`, () => stack.process(name).pid !== undefined);
      await expectRecovery();
      expect(servicePids(name)).toEqual(pids);
    },
    TEST_MS,
  );
});

// A hung replica accepts connections and says nothing. Nginx gives a service 30 s before it considers that a failure, so task-api, which is
// directly behind Nginx, is not among these.
describe.each(faults.filter(({ process: name }) => name !== 'task-api-1'))(
  'while $process hangs',
  ({ process: name, unhealthy, needs }) => {
    let pids: Record<string, number | undefined>;

    beforeAll(() => {
      pids = servicePids(name);
      freeze(name);
    });

    test(
      'calls that need it are answered with 503 in time, and others work as usual',
      async () => {
        await expectOutage(name, needs, 503);
      },
      TEST_MS,
    );

    test(
      '/health reports what is unhealthy',
      async () => {
        await expectUnhealthy(unhealthy);
      },
      TEST_MS,
    );

    test(
      'everything is healthy again soon after it continues, and no other process died',
      async () => {
        thaw();
        await expectRecovery();
        expect(servicePids(name)).toEqual(pids);
      },
      TEST_MS,
    );
  },
);

test(
  'a task that was accepted while Redis was down is done after its return',
  async () => {
    const id = await whileDown('redis', async () => {
      const reply = await post('/api/add', { task: 'patience' });
      expect(reply.status).toBe(202);
      const { id } = reply.json() as { id: string };
      expect((await get(`/api/tasks/${id}`)).as(taskSchema)).toMatchObject({ status: 'queued' });
      return id;
    });
    await isDone(id, 60_000);
  },
  TEST_MS,
);

test(
  'a task that waits for its worker is done after the worker was killed',
  async () => {
    const pid = stack.process('queue-worker-1').pid;
    freeze('queue-worker-1');
    const { id } = (await post('/api/add', { task: 'handed on' })).json() as { id: string };
    stack.process('queue-worker-1').kill('SIGKILL');
    thaw();
    // Republished after 30 s, if it was on its way to the worker.
    await isDone(id, 90_000);
    expect(stack.process('queue-worker-1').pid).not.toBe(pid);
  },
  TEST_MS,
);

const isDone = (id: string, deadlineMs: number) =>
  until(
    'the task is done',
    async () => (await get(`/api/tasks/${id}`)).as(taskSchema).status === 'completed',
    deadlineMs,
  );

/** Makes all calls at once: those that need the part fail as they should, the others do not notice. */
async function expectOutage(name: string, needs: Call[], status: number): Promise<void> {
  const replies = await Promise.all(
    allCalls.map(async (call): Promise<[Call, Reply]> => [call, await calls[call].call()]),
  );
  const expected = allCalls.map((call) => `${call} ${needs.includes(call) ? status : calls[call].ok}`);
  expect(replies.map(([call, reply]) => `${call} ${reply.status}`)).toEqual(expected);
  for (const [call, reply] of replies.filter(([candidate]) => needs.includes(candidate))) {
    expectProblem(reply, status);
    expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0);
    expect([call, reply.ms < FAULT_ANSWER_MS]).toEqual([call, true]);
  }
  const slowest = Math.max(...replies.map(([, reply]) => reply.ms));
  report(`${name}: slowest answer ${Math.round(slowest)} ms`);
}

async function expectUnhealthy(expected: string[]): Promise<void> {
  // Its own report and those of the services are up to a second old.
  await until(`of the services, just ${expected.join(', ')} are unhealthy`, async () => {
    const reply = await get('/health');
    expect(reply.ms).toBeLessThan(FAULT_ANSWER_MS);
    const { services } = reply.as(systemHealthSchema);
    const unhealthy = Object.keys(services).filter((name) => services[name]!.status === 'unhealthy');
    return reply.status === 503 && unhealthy.sort().join() === [...expected].sort().join();
  });
}

async function expectRecovery(): Promise<void> {
  const begun = performance.now();
  await until('/health is healthy', async () => (await get('/health')).status === 200, RECOVERY_MS);
  for (const call of allCalls) {
    await until(
      `${call} works`,
      async () => (await calls[call].call()).status === calls[call].ok,
      RECOVERY_MS,
    );
  }
  report(`well again after ${Math.round(performance.now() - begun)} ms`);
}

/** Checks something while a process is down. Its supervisor restarts it before long: what has not been seen by then proves nothing. */
async function whileDown<T>(name: string, check: () => Promise<T>): Promise<T> {
  const victim = stack.process(name);
  for (;;) {
    if (victim.pid !== undefined) await crash(name);
    const exits = victim.unexpectedExits;
    const [outcome] = await Promise.allSettled([check()]);
    if (victim.pid !== undefined || victim.unexpectedExits !== exits) continue;
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  }
}

/** Kills a process until its supervisor waits for more than six seconds before restarting it. */
async function crash(name: string): Promise<void> {
  const victim = stack.process(name);
  do {
    await until(`${name} is running`, () => victim.pid !== undefined);
    const exits = victim.unexpectedExits;
    victim.kill('SIGKILL');
    await until(`${name} has ended`, () => victim.unexpectedExits > exits);
  } while (restartsIn.get(name)! < 6_000);
}

/** Stops a process, and its children, in the middle of whatever they do. */
function freeze(name: string): void {
  const { pid } = stack.process(name);
  if (pid === undefined) throw new Error(`${name} is not running`);
  for (const each of [pid, ...childrenOf(pid)]) {
    process.kill(each, 'SIGSTOP');
    frozen.add(each);
  }
}

function thaw(): void {
  for (const pid of frozen) {
    try {
      process.kill(pid, 'SIGCONT');
    } catch {
      // It has been killed in the meantime.
    }
  }
  frozen.clear();
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

/** The pid of every service process but one. */
function servicePids(except: string): Record<string, number | undefined> {
  const others = stack.replicas.filter(({ name }) => name !== except);
  return Object.fromEntries(others.map(({ name, process }) => [name, process.pid]));
}

/** Figures for the record, if requested. */
function report(line: string): void {
  if (process.env.MILLRACE_FIGURES) process.stdout.write(`${line}\n`);
}
