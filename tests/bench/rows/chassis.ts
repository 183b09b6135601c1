import { compareRates } from '../measure/compare-rates.js';
import { sourceCommand, startHttpPeer } from '../peers/peer-process.js';
import type { Row } from '../row.js';
import { analyzeLoad } from './analyze.js';

const GOAL = { atLeast: 1.2 };

export const chassis: Row = {
  name: 'chassis',
  title: 'text-worker with all its middleware, against a bare Express that echoes the same body',
  goals: { chassis: GOAL },
  uses: ['fresh'],
  async run(bench) {
    const stack = await bench.stack('fresh');
    const worker = stack.replicas.find(({ service }) => service === 'text-worker')!;
    const express = await startHttpPeer(bench, sourceCommand('bare-express'), { NODE_ENV: 'production' });
    try {
      const figure = await compareRates(bench, {
        name: 'chassis',
        goal: GOAL,
        stack,
        ours: { ...analyzeLoad(worker.url), path: '/process' },
        theirs: { ...analyzeLoad(express.url), path: '/process' },
        peer: 'bare Express',
      });
      return [figure];
    } finally {
      await express.stop();
    }
  },
};
