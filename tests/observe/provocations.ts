// What makes each alert fire in the composed stack, and how that is repaired.
import type { Composed } from '../compose/docker.js';
import { makeImage } from '../support/images.js';
import { until } from '../support/until.js';
import { fillRedis, holdConnections, keepAsking, lockTable, stop } from './actions.js';

export interface Provocation {
  alerts: string[];
  /** Only root reaches processes of containers. */
  needsRoot?: true;
  /** @returns what repairs it */
  provoke: (stack: Composed) => Promise<() => unknown>;
}

/** Settings of the stack under which little is enough. */
export const settings = {
  REDIS_MAXMEMORY: '24mb',
  BLUR_DELAY_MS: '1000',
  TASK_DELAY_MS: '8000',
};

export const provocations: { [what: string]: Provocation } = {
  'queue-worker is stopped, with a job accepted': {
    alerts: ['ReplicasMissing', 'JobsNotDone'],
    provoke: async (stack) => {
      const start = await stop(stack, 'queue-worker');
      await addTasks(stack, 1);
      return start;
    },
  },
  'queue-worker is killed with jobs in work': {
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
  'Redis is stopped': {
    alerts: ['ServerDown', 'SweeperSilent'],
    provoke: (stack) => stop(stack, 'redis'),
  },
  'Redis is full of what cannot be evicted': {
    alerts: ['RedisRefusesWrites'],
    provoke: (stack) => fillRedis(stack, 48 * 1024 ** 2),
  },
  '62 clients connect to PostgreSQL, which takes 80': {
    alerts: ['PostgresConnectionsNearLimit'],
    provoke: (stack) => Promise.resolve(holdConnections(stack, 62)),
  },
  'a table is locked for minutes': {
    alerts: ['PostgresPoolWaiting', 'ErrorBudgetBurnsFast', 'ErrorBudgetBurnsSlow'],
    provoke: (stack) => Promise.resolve(askLocked(stack, 100, { atOnce: 40 })),
  },
  'a table is locked for a second, again and again': {
    alerts: ['LatencyBudgetBurnsFast', 'LatencyBudgetBurnsSlow'],
    // Shorter pauses would let in many quick requests at a time.
    provoke: (stack) => Promise.resolve(askLocked(stack, 1, { atOnce: 4, pauseMs: 200 })),
  },
  'images come faster than they are worked on': {
    alerts: ['MemoryBudgetFull'],
    provoke: (stack) => Promise.resolve(keepAsking(() => upload(stack), { atOnce: 12 })),
  },
  'images are stored, and Redis has room for few': {
    alerts: ['ImageStoreEvicts'],
    provoke: async (stack) => {
      const makeRoom = await fillRedis(stack, 20_500_000);
      const rest = keepAsking(() => upload(stack), { atOnce: 4 });
      return () => Promise.all([rest(), makeRoom()]);
    },
  },
};

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

/** Asks for users, whose table is locked. */
function askLocked(stack: Composed, seconds: number, pace: Parameters<typeof keepAsking>[1]) {
  const unlock = lockTable(stack, 'users.users', seconds);
  const users = async () => (await fetch(`${stack.url}/user/users`)).arrayBuffer();
  const rest = keepAsking(users, pace);
  return () => Promise.all([rest(), unlock()]);
}

async function upload({ url }: Composed): Promise<void> {
  const form = new FormData();
  const image = new Uint8Array(await makeImage('png', { width: 700, height: 500 }));
  form.set('file', new Blob([image], { type: 'image/png' }), 'a.png');
  form.set('effects', 'blur');
  await (await fetch(`${url}/upload`, { method: 'POST', body: form })).arrayBuffer();
}
