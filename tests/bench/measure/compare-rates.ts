import type { Load } from '../load/load.js';
import type { Bench, Figure, Goal } from '../row.js';
import type { Stack } from '../../../local/stack/stack.js';
import { perSecond } from './describe.js';
import { inRounds, ratios } from './rounds.js';
import { rateOf } from './statistics.js';
import { createMeter } from './usage.js';

export interface RateComparison {
  name: string;
  goal: Goal;
  /** The stack of our services, whose CPU time and memory are reported. */
  stack: Stack;
  ours: Omit<Load, 'ms'>;
  theirs: Omit<Load, 'ms'> | (() => Promise<number>);
  /** Their name, e.g. `pgbench`. */
  peer: string;
  /** Checks one of our responses. @throws when it is wrong */
  check?: (body: string) => void;
}

/** Requests per second, ours against theirs. */
export async function compareRates(bench: Bench, comparison: RateComparison): Promise<Figure> {
  const { name, goal, stack, ours, theirs, peer, check } = comparison;
  const ms = bench.settings.seconds * 1_000;
  const meter = createMeter(stack);
  let cpuMs = 0;
  let requests = 0;
  const rates = await inRounds(bench, {
    ours: async () => {
      const result = await meter.during(() => bench.load.send({ ...ours, ms }));
      check?.(result.sample);
      cpuMs += result.cpuMs;
      requests += result.requests;
      return rateOf(result);
    },
    theirs: async () =>
      typeof theirs === 'function' ? theirs() : rateOf(await bench.load.send({ ...theirs, ms })),
  });
  const generator = `load generator ${((cpuMs / requests) * 1_000).toFixed(0)} µs a request`;
  return {
    name,
    values: ratios(rates.ours, rates.theirs),
    goal,
    detail: `ours ${perSecond(rates.ours)}, ${peer} ${perSecond(rates.theirs)}; ${generator}`,
    usage: meter.usage(),
  };
}
