import type { Stack } from '../../local/stack/stack.js';
import type { Guard } from '../../local/supervise/guard.js';
import type { LoadGenerator } from './load/load-generator.js';
import type { Usage } from './measure/usage.js';

/** The goal of a figure: a ratio or, with a unit, a quantity. */
export type Goal = { atLeast: number; unit?: Unit } | { atMost: number; unit?: Unit };
export type Unit = 'ms';

/** One line of the result. */
export interface Figure {
  /** Its name on the command line and in the JSON file; that of its row, or one that begins with it. */
  name: string;
  /** One per round. */
  values: number[];
  goal: Goal;
  /** How fast the contestants were, for people: `ours 1,203/s, pgbench 4,871/s`. */
  detail?: string;
  /** What our processes used for the requests of the row. */
  usage?: Usage;
  /** For a plot: the median cost by size. */
  series?: Series;
}

export interface Series {
  title: string;
  /** The unit of the axis, e.g. `tasks`. */
  size: string;
  /** The cost, e.g. `ms a request`. */
  cost: string;
  points: { size: number; cost: number; low: number; high: number }[];
}

/** A part of the suite: a limit or peer and our services, measured side by side. */
export interface Row {
  name: string;
  /** What is compared with what. */
  title: string;
  /** Its figures, with their goals. */
  goals: Record<string, Goal>;
  /** The shared stacks that it uses: they run from the first row that uses them to the last. */
  uses: readonly SharedStack[];
  /** @throws Skipped when the machine lacks the peer */
  run(bench: Bench): Promise<Figure[]>;
}

/**
 * `fresh` begins empty; `small`, `medium` and `large` begin with that many tasks, finished jobs and attempts. One replica of each service,
 * as `npm start` runs them.
 */
export type SharedStack = 'fresh' | 'small' | 'medium' | 'large';

/** The machine lacks a peer, and it cannot be installed. */
export class Skipped extends Error {}

/** How much is measured. */
export interface Settings {
  /** Those that count; one more before them warms up. */
  rounds: number;
  /** How long a contestant is measured in each. */
  seconds: number;
  /** How many tasks and finished jobs the shared stacks hold. */
  sizes: Record<SharedStack, number>;
  short: boolean;
}

/** What rows get. */
export interface Bench {
  settings: Settings;
  load: LoadGenerator;
  /** Ends what was started, however the suite ends. */
  guard: Guard;
  /** A folder that is removed at the end. */
  folder: string;
  /** Aborts on Ctrl-C. */
  signal: AbortSignal;
  stack: (name: SharedStack) => Promise<Stack>;
  /** Prints one line about the current step. */
  progress: (line: string) => void;
}
