// Accepted means done, whatever dies. `npm run test:chaos` is the long form: see settings.ts.
import { describeOutcome } from './report.js';
import { type Outcome, runChaos } from './run-chaos.js';
import { readSettings } from './settings.js';

const RUN_MS = 600_000;
const settings = readSettings();

test(
  'every accepted job is done once, while everything is killed, frozen and emptied',
  async () => {
    const outcome = await runChaos(settings, { sweeper: true });
    print('chaos', outcome);
    expect(outcome).toMatchObject({
      completed: outcome.accepted,
      lost: 0,
      duplicates: 0,
      leftovers: 0,
      completedTwice: [],
      surprises: [],
    });
    expect(outcome.accepted).toBeGreaterThanOrEqual(settings.jobs);
  },
  RUN_MS,
);

test(
  'the same without the sweeper loses jobs: the check above is able to fail',
  async () => {
    const outcome = await runChaos(settings, { sweeper: false });
    print('control: no sweeper', outcome);
    expect(outcome.lost).toBeGreaterThan(0);
  },
  RUN_MS,
);

function print(title: string, outcome: Outcome): void {
  process.stdout.write(describeOutcome(`${title}, CHAOS_SEED=${settings.seed}`, outcome));
}
