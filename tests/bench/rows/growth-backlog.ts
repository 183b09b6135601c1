import { startStack } from '../../../local/stack/stack.js';
import { addJobs } from '../contestant.js';
import { GROWTH_GOAL, measureGrowth } from '../measure/growth.js';
import { millraceQueue } from '../millrace-queue.js';
import type { Row } from '../row.js';
import { SPACIOUS } from '../stacks.js';

const NAME = 'growth-enqueue';

export const growthEnqueue: Row = {
  name: NAME,
  title: 'POST /api/add/:task with halted workers, with a backlog of 0 and of 100,000 jobs',
  goals: { [NAME]: GROWTH_GOAL },
  uses: ['fresh'],
  async run(bench) {
    const { load, settings, signal, progress } = bench;
    const backlog = settings.sizes.medium;
    const empty = millraceQueue(bench, await bench.stack('fresh'));
    const stack = await startStack({ port: 'free', env: SPACIOUS, signal });
    const full = millraceQueue(bench, stack);
    const accept = async (url: string) => {
      const result = await load.send({ ...addJobs(url), ms: settings.seconds * 1_000 });
      return { ...result, cost: result.ms / result.requests };
    };
    try {
      full.holdWorkers(true);
      progress(`queues ${backlog} jobs`);
      await load.send({ ...addJobs(full.url), requests: backlog });
      const figure = await measureGrowth(bench, {
        name: NAME,
        title: 'POST /api/add/:task',
        size: 'jobs waiting',
        cost: 'ms a request',
        sizes: [
          {
            size: 0,
            measure: async () => {
              const { done } = await empty.begin();
              empty.holdWorkers(true);
              try {
                const { requests, cost } = await accept(empty.url);
                empty.holdWorkers(false);
                await done(requests);
                return cost;
              } finally {
                empty.holdWorkers(false);
              }
            },
          },
          { size: backlog, measure: async () => (await accept(full.url)).cost },
        ],
      });
      return [figure];
    } finally {
      await Promise.all([empty.stop(), full.stop()]);
      await stack.stop();
    }
  },
};
