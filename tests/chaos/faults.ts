import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Stack } from '../../local/stack/stack.js';
import type { SupervisedProcess } from '../../local/supervise/supervised-process.js';
import type { ServiceName } from '#topology';
import { askPostgres, queueDepth, withRedis } from './administrator.js';
import { until } from '../support/until.js';

/** The stack that faults are injected into. */
export interface Arena {
  stack: Stack;
  /** The folder in which Redis keeps its data. */
  dataDir: string;
  random: () => number;
  /** How many times each process, by name, was made to end. */
  ends: Map<string, number>;
}

export interface Fault {
  name: string;
  /** Whether it kills a process with SIGKILL. */
  kills: boolean;
  /** Injects it; resolves when the process runs again, but does not wait until it is ready. */
  inject(arena: Arena): Promise<void>;
}

/** The minimum number of entries in Redis when it is emptied: emptying an empty queue would prove nothing. */
const BACKLOG = 20;
const FAULT_DEADLINE_MS = 60_000;

/** Every kind of fault that the system promises to survive. */
export const FAULTS: readonly Fault[] = [
  killReplica('kill a queue-worker', ['queue-worker']),
  killReplica('kill a task-api', ['task-api']),
  killReplica('kill a web-gateway', ['web-gateway']),
  killReplica('kill a text, blur or bw worker', ['text-worker', 'blur-worker', 'bw-worker']),
  {
    name: 'kill Redis',
    kills: true,
    inject: (arena) => end(arena, arena.stack.redis.process, 'SIGKILL'),
  },
  {
    name: 'kill Redis and lose its data',
    kills: true,
    inject: (arena) =>
      withBacklog(arena, async () => {
        // Before the kill, because the supervisor restarts it at once.
        rmSync(join(arena.dataDir, 'redis/appendonlydir'), { recursive: true });
        await end(arena, arena.stack.redis.process, 'SIGKILL');
      }),
  },
  {
    name: 'FLUSHALL',
    kills: false,
    inject: (arena) =>
      withBacklog(arena, () => withRedis(arena.stack, (redis) => redis.flushall()).then(() => undefined)),
  },
  {
    name: 'kill PostgreSQL',
    kills: true,
    inject: (arena) => end(arena, arena.stack.postgres.process, 'SIGKILL'),
  },
  {
    name: 'restart PostgreSQL',
    kills: false,
    inject: (arena) => end(arena, arena.stack.postgres.process, 'SIGINT'),
  },
  {
    name: 'freeze a queue-worker past its leases',
    kills: false,
    inject: freezePastLeases,
  },
];

function killReplica(name: string, services: ServiceName[]): Fault {
  return {
    name,
    kills: true,
    async inject(arena) {
      const replicas = arena.stack.replicas.filter(({ service }) => services.includes(service));
      await end(arena, oneOf(replicas, arena.random).process, 'SIGKILL');
    },
  };
}

export function oneOf<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)]!;
}

/** Ends a process with a signal, and waits until its supervisor has restarted it. */
async function end({ ends }: Arena, process: SupervisedProcess, signal: NodeJS.Signals): Promise<void> {
  await until(`${process.name} runs`, () => process.pid !== undefined, FAULT_DEADLINE_MS);
  const exits = process.unexpectedExits;
  ends.set(process.name, (ends.get(process.name) ?? 0) + 1);
  process.kill(signal);
  await until(
    `${process.name} runs again`,
    () => process.unexpectedExits > exits && process.pid !== undefined,
    FAULT_DEADLINE_MS,
  );
}

/** Pauses all workers until messages have accumulated in Redis, and for as long as `use` takes. */
async function withBacklog({ stack }: Arena, use: () => Promise<void>): Promise<void> {
  const workers = stack.replicas.filter(({ service }) => service === 'queue-worker');
  try {
    for (const { process } of workers) process.kill('SIGSTOP');
    await until(
      `${BACKLOG} messages wait in Redis`,
      // Redis may still be down after the previous fault.
      () =>
        queueDepth(stack).then(
          (depth) => depth >= BACKLOG,
          () => false,
        ),
      FAULT_DEADLINE_MS,
    );
    await use();
  } finally {
    for (const { process } of workers) process.kill('SIGCONT');
  }
}

/** Pauses a worker that is working until the leases of all its jobs have expired and others may have done them. */
async function freezePastLeases({ stack, random }: Arena): Promise<void> {
  const workers = stack.replicas.filter(({ service }) => service === 'queue-worker');
  const held = async (pod: string) => {
    const [row] = await askPostgres<{ jobs: number }>(
      stack,
      `SELECT count(*)::int AS jobs FROM jobs WHERE processed_by_pod = $1 AND status = 'processing' AND due_at > now()`,
      [pod],
    );
    return row!.jobs;
  };
  await until(
    'a frozen worker held jobs',
    async () => {
      const { name, process } = oneOf(workers, random);
      process.kill('SIGSTOP');
      try {
        // PostgreSQL may still be down after the previous fault, or be too busy to answer.
        const jobs = await held(name).catch(() => 0);
        if (jobs === 0) return false;
        await until(
          `the leases of ${name} have run out`,
          async () => (await held(name).catch(() => NaN)) === 0,
        );
        return true;
      } finally {
        process.kill('SIGCONT');
      }
    },
    FAULT_DEADLINE_MS,
  );
}
