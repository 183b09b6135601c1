// What makes each alert fire in the composed stack, and how to repair it.
import { randomBytes } from 'node:crypto';
import sharp from 'sharp';
import type { Composed } from '../compose/docker.js';
import { makeImage } from '../support/images.js';
import { until } from '../support/until.js';
import { fillRedis, holdConnections, keepAsking, lockTable, stop } from './actions.js';

export interface Provocation {
  what: string;
  alerts: string[];
  /** Only root reaches processes of containers. */
  needsRoot?: true;
  /** @returns a function that repairs it */
  provoke: (stack: Composed) => Promise<() => unknown>;
}

/** Settings with which a small cause is enough. */
export const settings = {
  REDIS_MAXMEMORY: '24mb',
  BLUR_DELAY_MS: '1000',
  TASK_DELAY_MS: '8000',
};

/** The alerts of one wave are provoked together. Causes that would affect each other, or the same alert, are in different waves. */
export const waves: Provocation[][] = [
  [
    {
      what: 'queue-worker is stopped, with a job accepted',
      alerts: ['ReplicasMissing', 'JobsNotDone'],
      provoke: async (stack) => {
        const start = await stop(stack, 'queue-worker');
        await addTasks(stack, 1);
        return start;
      },
    },
    {
      what: 'the table of users is locked for minutes',
      alerts: ['PostgresPoolWaiting', 'ErrorBudgetBurnsFast', 'ErrorBudgetBurnsSlow'],
      provoke: (stack) =>
        Promise.resolve(askLocked(stack, { table: 'users.users', seconds: 100, path: '/user/users' }, 40)),
    },
    {
      what: 'the table of tasks is locked for a second, again and again',
      alerts: ['LatencyBudgetBurnsFast', 'LatencyBudgetBurnsSlow'],
      // More at once would let in many quick requests at a time.
      provoke: (stack) =>
        Promise.resolve(askLocked(stack, { table: 'tasks.tasks', seconds: 1, path: '/api/tasks' }, 3)),
    },
    {
      what: 'images come faster than they are processed',
      alerts: ['MemoryBudgetFull'],
      provoke: async (stack) => {
        const image = await makeImage('png', { width: 700, height: 500 });
        return keepAsking(() => upload(stack, 'blur', image), { atOnce: 12 });
      },
    },
  ],
  [
    {
      what: 'queue-worker is killed while it processes jobs',
      alerts: ['AttemptsLost'],
      needsRoot: true,
      provoke: async (stack) => {
        await addTasks(stack, 8);
        await until('jobs are in work', async () => (await jobsInWork(stack)) > 5, 60_000);
        const [victim] = await stack.replicas('queue-worker');
        process.kill(victim!.pid, 'SIGKILL');
        return () => undefined;
      },
    },
    {
      what: 'images are stored, and Redis has room for only a few',
      alerts: ['ImageStoreEvicts'],
      provoke: async (stack) => {
        const makeRoom = await fillRedis(stack, 20_500_000);
        const image = await noise(400, 300);
        const rest = keepAsking(() => upload(stack, 'bw', image), { atOnce: 4 });
        return () => Promise.all([rest(), makeRoom()]);
      },
    },
  ],
  [
    {
      what: 'Redis is stopped',
      alerts: ['ServerDown', 'SweeperSilent'],
      provoke: (stack) => stop(stack, 'redis'),
    },
    {
      what: '62 clients connect to PostgreSQL, which takes 80',
      alerts: ['PostgresConnectionsNearLimit'],
      provoke: (stack) => Promise.resolve(holdConnections(stack, 62)),
    },
  ],
  [
    {
      what: 'Redis is full of what cannot be evicted',
      alerts: ['RedisRefusesWrites'],
      provoke: (stack) => fillRedis(stack, 48 * 1024 ** 2),
    },
  ],
];

async function addTasks({ url }: Composed, count: number): Promise<void> {
  const add = (index: number) => fetch(`${url}/api/add/task${index}`, { method: 'POST' });
  await Promise.all(Array.from({ length: count }, (_, index) => add(index)));
}

async function jobsInWork({ url }: Composed): Promise<number> {
  const summary = (await (await fetch(`${url}/api/jobs/summary`)).json()) as {
    counts: { processing: number };
  };
  return summary.counts.processing;
}

/** Reads a table that is repeatedly locked for some seconds. */
function askLocked(
  stack: Composed,
  { table, seconds, path }: { table: string; seconds: number; path: string },
  atOnce: number,
) {
  const unlock = lockTable(stack, table, seconds);
  const ask = async () => (await fetch(`${stack.url}${path}`)).arrayBuffer();
  const rest = keepAsking(ask, { atOnce, pauseMs: 200 });
  return () => Promise.all([rest(), unlock()]);
}

/** @param effect `blur` takes a second, see `settings` */
async function upload({ url }: Composed, effect: 'blur' | 'bw', image: Buffer): Promise<void> {
  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(image)], { type: 'image/png' }), 'a.png');
  form.set('effects', effect);
  await (await fetch(`${url}/upload`, { method: 'POST', body: form })).arrayBuffer();
}

/** An image that takes as much space as its pixels. */
function noise(width: number, height: number): Promise<Buffer> {
  return sharp(randomBytes(width * height), { raw: { width, height, channels: 1 } })
    .png()
    .toBuffer();
}
