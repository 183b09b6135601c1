import { type Fault, FAULTS, oneOf } from './faults.js';

/** Every kind of fault once, in random order, and then random faults until there are enough kills. */
export function planFaults({ kills, random }: { kills: number; random: () => number }): Fault[] {
  const plan = FAULTS.map((fault) => ({ fault, rank: random() }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ fault }) => fault);
  while (plan.filter((fault) => fault.kills).length < kills) plan.push(oneOf(FAULTS, random));
  return plan;
}
