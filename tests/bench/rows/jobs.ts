import { addJobs, type Contestant } from '../contestant.js';
import { perSecond } from '../measure/describe.js';
import { inRounds, ratios } from '../measure/rounds.js';
import { rateOf } from '../measure/statistics.js';
import { createMeter } from '../measure/usage.js';
import { millraceQueue } from '../millrace-queue.js';
import { startPlainQueue } from '../peers/plain-queue.js';
import type { Bench, Figure, Row } from '../row.js';

const GOAL = { atLeast: 0.45 };

export const jobs: Row = {
  name: 'jobs',
  title:
    'jobs from the first request to the last completed, against a plain Redis list behind the same Nginx',
  goals: { jobs: GOAL },
  uses: ['fresh'],
  run: (bench) =>
    compareQueues(bench, 'plain list', startPlainQueue, (values) => ({ name: 'jobs', values, goal: GOAL })),
};

/** One round: a number of jobs queued by 32 clients, to the end of the last job. */
export async function compareQueues(
  bench: Bench,
  peerName: string,
  startPeer: (bench: Bench) => Promise<Contestant>,
  toFigure: (ratios: number[]) => Figure,
): Promise<Figure[]> {
  const stack = await bench.stack('fresh');
  const peer = await startPeer(bench);
  const ours = millraceQueue(bench, stack);
  const meter = createMeter(stack);
  try {
    const rates = await inRounds(bench, {
      ours: async () => rateOf(await meter.during(() => passJobs(bench, ours))),
      theirs: async () => rateOf(await passJobs(bench, peer)),
    });
    const detail = `ours ${perSecond(rates.ours)}, ${peerName} ${perSecond(rates.theirs)}`;
    return [{ ...toFigure(ratios(rates.ours, rates.theirs)), detail, usage: meter.usage() }];
  } finally {
    await ours.stop();
    await peer.stop();
  }
}

async function passJobs({ load, settings }: Bench, contestant: Contestant) {
  const requests = settings.seconds * 1_000;
  const { done } = await contestant.begin();
  const begun = performance.now();
  await load.send({ ...addJobs(contestant.url), requests });
  await done(requests);
  return { requests, ms: performance.now() - begun };
}
