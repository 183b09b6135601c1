import { compareRates } from '../measure/compare-rates.js';
import type { Row } from '../row.js';
import { analyzeLoad } from './analyze.js';
import { gatewayOf } from './hops.js';

const GOAL = { atLeast: 0.92 };

export const nginx: Row = {
  name: 'nginx',
  title: 'POST /analyze through Nginx, against web-gateway without it',
  goals: { nginx: GOAL },
  uses: ['fresh'],
  async run(bench) {
    const stack = await bench.stack('fresh');
    const figure = await compareRates(bench, {
      name: 'nginx',
      goal: GOAL,
      stack,
      ours: analyzeLoad(stack.url),
      theirs: analyzeLoad(gatewayOf(stack)),
      peer: 'without Nginx',
    });
    return [figure];
  },
};
