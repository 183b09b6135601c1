import type { Stack } from '../../../local/stack/stack.js';
import { addJobs } from '../contestant.js';
import { WORDS } from '../fill.js';
import type { Load } from '../load/load.js';
import { GROWTH_GOAL, measureGrowth } from '../measure/growth.js';
import { sum } from '../measure/statistics.js';
import { millraceQueue } from '../millrace-queue.js';
import type { Bench, Row, SharedStack } from '../row.js';
import { createTasks } from './create.js';
import { listTasks } from './list.js';

const STACKS = ['small', 'medium', 'large'] as const satisfies SharedStack[];

/** A row that measures the same on stacks with tables of three sizes. */
function growth(
  name: string,
  what: string,
  measure: (bench: Bench, stack: Stack) => Promise<number>,
  cost = 'ms a request',
): Row {
  return {
    name,
    title: `${what}, with 1,000, 100,000 and 1,000,000 tasks and ended jobs`,
    goals: { [name]: GROWTH_GOAL },
    uses: STACKS,
    async run(bench) {
      const stacks: Stack[] = [];
      for (const size of STACKS) stacks.push(await bench.stack(size));
      const sizes = STACKS.map((size, index) => ({
        size: bench.settings.sizes[size],
        measure: () => measure(bench, stacks[index]!),
      }));
      return [await measureGrowth(bench, { name, title: what, size: 'tasks and ended jobs', cost, sizes })];
    },
  };
}

/** From one response to the next, whichever client gets it. */
async function msARequest({ load, settings }: Bench, what: Load): Promise<number> {
  const { ms, requests } = await load.send({ ...what, ms: settings.seconds * 1_000 });
  return ms / requests;
}

export const growthCreate = growth('growth-create', 'POST /api/tasks', (bench, { url }) =>
  msARequest(bench, createTasks(url)),
);

export const growthList = growth('growth-list', 'GET /api/tasks?limit=50', (bench, { url }) =>
  msARequest(bench, listTasks(url)),
);

export const growthSearch = growth(
  'growth-search',
  'GET /api/tasks?q= with no, ten and very many hits',
  async ({ load, settings }, { url }) => {
    const medians = [];
    for (const word of Object.values(WORDS)) {
      const path = `/api/tasks?limit=50&q=${word}`;
      const limits = { requests: settings.short ? 20 : 60, ms: settings.seconds * 1_000 };
      medians.push((await load.send({ url, method: 'GET', path, clients: 1, status: 200, ...limits })).p50);
    }
    return sum(medians) / medians.length;
  },
);

export const growthClaim = growth(
  'growth-claim',
  'jobs that lie ready, claimed and completed',
  async (bench, stack) => {
    const { load, settings } = bench;
    const queue = millraceQueue(bench, stack);
    try {
      const requests = settings.short ? 300 : 2_000;
      const { done } = await queue.begin();
      queue.holdWorkers(true);
      try {
        await load.send({ ...addJobs(stack.url), requests });
      } finally {
        queue.holdWorkers(false);
      }
      const begun = performance.now();
      await done(requests);
      return (performance.now() - begun) / requests;
    } finally {
      await queue.stop();
    }
  },
  'ms a job',
);
