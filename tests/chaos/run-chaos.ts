import { createWriteStream, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { startStack, type Stack } from '../../local/stack/stack.js';
import { temporaryFolder } from '../../local/supervise/test-support.js';
import { makeRandom } from '../api/random.js';
import { queueDepth } from './administrator.js';
import { type Audit, audit, countUnfinished } from './audit.js';
import type { Arena, Fault } from './faults.js';
import { type Load, startLoad } from './load.js';
import { openLossyProxy } from './lossy-proxy.js';
import { planFaults } from './plan.js';
import {
  type ChaosSettings,
  LOSS_EVERY,
  MAX_JOBS_PER_SECOND,
  SCALE,
  SECONDS_A_FAULT,
  stackEnvironment,
} from './settings.js';
import { until } from '../support/until.js';

export interface Outcome extends Audit {
  /** How many times each kind of fault was injected. */
  faults: Map<string, number>;
  kills: number;
  resent: number;
  /** Processes that ended without having been made to (or the other way round), with their last output. */
  surprises: string[];
  /** Jobs whose completion workers have logged more than once. */
  completedTwice: string[];
  /** From the first request to the end of the last job. */
  seconds: number;
}

/** Within this time the backlog of the long form is done, even on a busy machine. */
const SETTLE_MS = 180_000;
/** Much longer than a job takes. */
const QUIET_MS = 2_000;

export interface ChaosOptions {
  /** Whether task-api sweeps. Without it, jobs are known to get lost. Default: yes. */
  sweeper?: boolean;
  /** Whether faults are injected into the stack. Default: yes. */
  faults?: boolean;
  /** Whether a proxy retries requests that got no response. Then requests are known to be done twice. Default: no. */
  resends?: boolean;
}

/** Runs a stack under load while injecting one fault after another, lets it come to rest, and counts. */
export async function runChaos(
  settings: ChaosSettings,
  { sweeper = true, faults = true, resends = false }: ChaosOptions = {},
): Promise<Outcome> {
  const random = makeRandom(settings.seed);
  const plan = faults ? planFaults({ kills: settings.kills, random }) : [];
  const dataDir = temporaryFolder();
  const completions = new Map<string, number>();
  const lastWords: string[] = [];
  const log = settings.logFile === undefined ? undefined : createWriteStream(settings.logFile);
  const stack = await startStack({
    port: 'free',
    dataDir,
    scale: SCALE,
    env: stackEnvironment({ sweeper }),
    onLine(source, line) {
      log?.write(`${source} ${line}\n`);
      countCompletion(line, completions);
      if (line.includes('"level":"fatal"')) lastWords.push(line);
    },
    onEvent: (line) => log?.write(`${new Date().toISOString()} ${line}\n`),
  });
  const proxy = await openLossyProxy(stack.url, { every: LOSS_EVERY, resends });
  try {
    const arena: Arena = { stack, dataDir, random, ends: new Map() };
    const begun = performance.now();
    const load = await startLoad({
      url: proxy.url,
      jobsPerSecond: Math.min(MAX_JOBS_PER_SECOND, settings.jobs / (plan.length * SECONDS_A_FAULT)),
    });
    const over = new AbortController();
    try {
      const options = { arena, load, jobs: settings.jobs, signal: over.signal };
      await Promise.race([injectAll(plan, options), load.ended]);
    } finally {
      over.abort();
      await load.stop();
    }
    await settle(stack, sweeper);
    const seconds = (performance.now() - begun) / 1_000;

    return {
      ...(await audit(stack, load)),
      faults: countNames(plan),
      kills: plan.filter(({ kills }) => kills).length,
      resent: load.resent,
      surprises: [...surprisingEnds(stack, arena.ends), ...lastWords],
      completedTwice: [...completions].filter(([, times]) => times > 1).map(([id]) => id),
      seconds,
    };
  } finally {
    await proxy.close();
    await stack.stop();
    rmSync(dataDir, { recursive: true, force: true });
    log?.end();
  }
}

/** The faults, spread evenly over the load, which continues until the last of them is over. */
async function injectAll(
  plan: Fault[],
  { arena, load, jobs, signal }: { arena: Arena; load: Load; jobs: number; signal: AbortSignal },
): Promise<void> {
  const acceptedAre = async (count: number) => {
    while (load.accepted.size < count) await sleep(5, undefined, { signal });
  };
  for (const [index, fault] of plan.entries()) {
    await acceptedAre(((index + 0.5) / plan.length) * jobs);
    await fault.inject(arena);
  }
  await acceptedAre(jobs);
}

/**
 * With the sweeper, waits until no job is unfinished. Without it, until the queue is empty and no worker finishes a job any more: whatever
 * is unfinished then stays unfinished.
 */
async function settle(stack: Stack, sweeper: boolean): Promise<void> {
  await until(
    'all jobs have ended',
    async () => {
      // PostgreSQL and Redis may still be down after the last fault.
      const count = () => countUnfinished(stack).catch(() => NaN);
      if (sweeper) return (await count()) === 0;
      if ((await queueDepth(stack).catch(() => NaN)) !== 0) return false;
      const before = await count();
      await sleep(QUIET_MS);
      return (await count()) === before;
    },
    SETTLE_MS,
  );
}

function countCompletion(line: string, completions: Map<string, number>): void {
  if (!line.includes('"Completed task"')) return;
  const { job_id: id } = JSON.parse(line) as { job_id: string };
  completions.set(id, (completions.get(id) ?? 0) + 1);
}

function countNames(plan: Fault[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { name } of plan) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function surprisingEnds({ replicas, redis, nginx }: Stack, ends: Map<string, number>): string[] {
  // Not PostgreSQL: after a SIGKILL it may refuse to start until the last of its old processes is gone.
  return [...replicas, redis, nginx]
    .map(({ process: { name, unexpectedExits } }) => ({
      name,
      times: unexpectedExits,
      wanted: ends.get(name) ?? 0,
    }))
    .filter(({ times, wanted }) => times !== wanted)
    .map(({ name, times, wanted }) => `${name} ended ${times} times, not ${wanted}`);
}
