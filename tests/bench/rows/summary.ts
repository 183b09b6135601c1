import { milliseconds } from '../measure/describe.js';
import { inRounds } from '../measure/rounds.js';
import { worstP95 } from '../measure/worst-latency.js';
import type { Row } from '../row.js';

const GOAL = { atMost: 5, unit: 'ms' } as const;

export const summary: Row = {
  name: 'summary',
  title: 'p95 of GET /api/jobs/summary with the large tables',
  goals: { summary: GOAL },
  uses: ['large'],
  async run(bench) {
    const stack = await bench.stack('large');
    const check = (body: string) => {
      const { counts } = JSON.parse(body) as { counts: { completed: number } };
      if (counts.completed < 0.9 * bench.settings.sizes.large)
        throw new Error(`The summary has only ${counts.completed} completed jobs.`);
    };
    const { latencies } = await inRounds(bench, {
      latencies: () => worstP95(bench, stack, [{ path: '/api/jobs/summary', check }]),
    });
    return [{ name: 'summary', values: latencies, goal: GOAL, detail: milliseconds(latencies) }];
  },
};
