import { CLIENTS } from '../contestant.js';
import type { Load } from '../load/load.js';
import { compareRates } from '../measure/compare-rates.js';
import type { Row } from '../row.js';
import { gatewayOf } from './hops.js';

const GOAL = { atLeast: 0.6 };
export const TEXT = JSON.stringify({ text: 'Hello, how are you?' });

export function analyzeLoad(url: string, clients = CLIENTS): Load {
  return { url, method: 'POST', path: '/analyze', body: TEXT, clients, status: 200 };
}

export const analyze: Row = {
  name: 'analyze',
  title: 'POST /analyze through gateway and text worker, against the worker alone; Nginx has its own row',
  goals: { analyze: GOAL },
  uses: ['fresh'],
  async run(bench) {
    const stack = await bench.stack('fresh');
    const worker = stack.replicas.find(({ service }) => service === 'text-worker')!;
    const figure = await compareRates(bench, {
      name: 'analyze',
      goal: GOAL,
      stack,
      ours: analyzeLoad(gatewayOf(stack)),
      theirs: { ...analyzeLoad(worker.url), path: '/process' },
      peer: 'the worker alone',
      check(body) {
        if (!body.includes('Word Count: 4')) throw new Error(`The analysis is wrong: ${body}`);
      },
    });
    return [figure];
  },
};
