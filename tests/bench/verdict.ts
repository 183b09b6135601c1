import { median } from './measure/statistics.js';
import type { Figure, Goal } from './row.js';

/** A figure as the JSON file has it. */
export interface Verdict {
  row: string;
  /** The median of the rounds; for a latency, in ms. Null when it could not be measured. */
  ratio: number | null;
  low: number | null;
  high: number | null;
  goal: number;
  met: boolean;
}

export function judge({ name, values, goal }: Pick<Figure, 'name' | 'values' | 'goal'>): Verdict {
  const ratio = median(values);
  return {
    row: name,
    ratio: number(ratio),
    low: number(Math.min(...values)),
    high: number(Math.max(...values)),
    goal: limitOf(goal),
    met: 'atLeast' in goal ? ratio >= goal.atLeast : ratio <= goal.atMost,
  };
}

export function limitOf(goal: Goal): number {
  return 'atLeast' in goal ? goal.atLeast : goal.atMost;
}

/** ≥ 0.45, ≤ 15 ms */
export function describeGoal(goal: Goal): string {
  const unit = goal.unit ? ` ${goal.unit}` : '';
  return `${'atLeast' in goal ? '≥' : '≤'} ${limitOf(goal)}${unit}`;
}

/** JSON has no NaN. Four digits are more than any figure deserves. */
function number(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(4)) : null;
}
