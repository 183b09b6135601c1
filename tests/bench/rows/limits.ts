import { startStack } from '../../../local/stack/stack.js';
import { compareRates } from '../measure/compare-rates.js';
import type { Row } from '../row.js';
import { SPACIOUS } from '../stacks.js';
import { analyzeLoad } from './analyze.js';

const GOAL = { atLeast: 0.9 };

/** More than a client can ask for, so that every request is counted and none is refused. */
const UNREACHED = { RATE_LIMIT_PER_SECOND: '1000000', RATE_LIMIT_BURST: '1000000' };

export const limits: Row = {
  name: 'limits',
  title:
    'POST /analyze through Nginx with limits by client, which are counted in Redis, against the same without',
  goals: { limits: GOAL },
  uses: ['fresh'],
  async run(bench) {
    const { signal } = bench;
    const without = await bench.stack('fresh');
    const stack = await startStack({ port: 'free', env: { ...SPACIOUS, all: UNREACHED }, signal });
    try {
      const figure = await compareRates(bench, {
        name: 'limits',
        goal: GOAL,
        stack,
        ours: analyzeLoad(stack.url),
        theirs: analyzeLoad(without.url),
        peer: 'without limits',
      });
      return [figure];
    } finally {
      await stack.stop();
    }
  },
};
