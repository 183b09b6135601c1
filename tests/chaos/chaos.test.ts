// Accepted means done, and a request is done once, whatever dies. `npm run test:chaos` is the long form: see settings.ts.
import { describeOutcome } from './report.js';
import { type Outcome, runChaos } from './run-chaos.js';
import { readSettings } from './settings.js';

const RUN_MS = 600_000;
const settings = readSettings();

test(
  'every request is done once, with a key or without, while everything is killed, frozen and emptied',
  async () => {
    const outcome = await runChaos(settings);
    print('chaos', outcome);
    expect(outcome).toMatchObject({
      completed: outcome.accepted,
      lost: 0,
      duplicates: 0,
      leftovers: 0,
      completedTwice: [],
      surprises: [],
      // Exactly these: other rows belong to requests whose response got lost.
      rows: outcome.accepted + outcome.created + outcome.untold,
    });
    expect(outcome.untold).toBeGreaterThan(0);
    expect(outcome.untold).toBeLessThanOrEqual(outcome.unanswered);
    expect(outcome.accepted).toBeGreaterThanOrEqual(settings.jobs);
  },
  RUN_MS,
);

test(
  'control run: without the sweeper, jobs get lost',
  async () => {
    const outcome = await runChaos(settings, { sweeper: false });
    print('control: no sweeper', outcome);
    expect(outcome.lost).toBeGreaterThan(0);
  },
  RUN_MS,
);

test(
  'control run: behind a proxy that retries requests without a key, some are done twice',
  async () => {
    const outcome = await runChaos({ ...settings, jobs: 300 }, { faults: false, resends: true });
    print('control: sent again without a key', outcome);
    expect(outcome.duplicates).toBeGreaterThan(0);
    expect(outcome).toMatchObject({ completed: outcome.accepted, lost: 0, leftovers: 0 });
  },
  RUN_MS,
);

function print(title: string, outcome: Outcome): void {
  process.stdout.write(describeOutcome(`${title}, CHAOS_SEED=${settings.seed}`, outcome));
}
