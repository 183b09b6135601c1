import type { Bench, Figure, Series } from '../row.js';
import { shortNumber } from './describe.js';
import { inRounds, type Measure } from './rounds.js';
import { median } from './statistics.js';

/** The maximum growth of the cost in all of these rows. */
export const GROWTH_GOAL = { atMost: 1.3 };

export interface Growth extends Pick<Series, 'title' | 'size' | 'cost'> {
  name: string;
  /** Measures the cost at each size, the smallest first. */
  sizes: { size: number; measure: Measure<number> }[];
}

/** Its value is the cost at the largest size divided by the lowest cost at a smaller one. */
export async function measureGrowth(bench: Bench, { name, sizes, ...labels }: Growth): Promise<Figure> {
  const costs = await inRounds(
    bench,
    Object.fromEntries(sizes.map(({ size, measure }) => [`at ${size}`, measure])),
  );
  const bySize = sizes.map(({ size }) => ({ size, costs: costs[`at ${size}`]! }));
  const points = bySize.map(({ size, costs: some }) => ({
    size,
    cost: median(some),
    low: Math.min(...some),
    high: Math.max(...some),
  }));
  const told = points.map(({ size, cost }) => `${shortNumber(cost)} at ${size.toLocaleString('en')}`);
  return {
    name,
    values: growthByRound(bySize.map((point) => point.costs)),
    goal: GROWTH_GOAL,
    detail: `${labels.cost}, by ${labels.size}: ${told.join(', ')}`,
    series: { ...labels, points },
  };
}

/** @param costs by size, the smallest first, and by round */
export function growthByRound(costs: readonly (readonly number[])[]): number[] {
  const largest = costs.at(-1)!;
  const smaller = costs.slice(0, -1);
  return largest.map((cost, round) => cost / Math.min(...smaller.map((some) => some[round]!)));
}
