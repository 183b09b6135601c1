import { addJobs } from '../contestant.js';
import { perSecond } from '../measure/describe.js';
import { inRounds, ratios } from '../measure/rounds.js';
import { rateOf } from '../measure/statistics.js';
import { createMeter } from '../measure/usage.js';
import { millraceQueue } from '../millrace-queue.js';
import { startFlaskQueue } from '../peers/python-queues.js';
import type { Row } from '../row.js';

const GOAL = { atLeast: 1.5 };

export const enqueue: Row = {
  name: 'enqueue',
  title:
    'POST /api/add/:task with halted workers, against LPUSH in Flask under gunicorn with 2 workers, both behind Nginx',
  goals: { enqueue: GOAL },
  uses: ['fresh'],
  async run(bench) {
    const ms = bench.settings.seconds * 1_000;
    const flask = await startFlaskQueue(bench);
    const stack = await bench.stack('fresh');
    const ours = millraceQueue(bench, stack);
    const meter = createMeter(stack);
    try {
      const rates = await inRounds(bench, {
        ours: async () => {
          const { done } = await ours.begin();
          ours.holdWorkers(true);
          try {
            const result = await meter.during(() => bench.load.send({ ...addJobs(ours.url), ms }));
            ours.holdWorkers(false);
            // Everything that was accepted is done at the end, so that it is no burden on the next round.
            await done(result.requests);
            return rateOf(result);
          } finally {
            ours.holdWorkers(false);
          }
        },
        theirs: async () => rateOf(await bench.load.send({ ...addJobs(flask.url), ms })),
      });
      return [
        {
          name: 'enqueue',
          values: ratios(rates.ours, rates.theirs),
          goal: GOAL,
          detail: `ours ${perSecond(rates.ours)}, Flask ${perSecond(rates.theirs)}`,
          usage: meter.usage(),
        },
      ];
    } finally {
      await ours.stop();
      await flask.stop();
    }
  },
};
