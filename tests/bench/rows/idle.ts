import { setTimeout as sleep } from 'node:timers/promises';
import { addJobs } from '../contestant.js';
import { askPostgres } from '../../chaos/administrator.js';
import { milliseconds } from '../measure/describe.js';
import { inRounds } from '../measure/rounds.js';
import { median, percentile } from '../measure/statistics.js';
import { createMeter } from '../measure/usage.js';
import { millraceQueue } from '../millrace-queue.js';
import type { Row } from '../row.js';

const GOALS = {
  'idle-p50': { atMost: 4, unit: 'ms' },
  'idle-p99': { atMost: 15, unit: 'ms' },
} as const;

/**
 * The pause between the response to one job and the next job: several times what a job takes. Nothing polls in the meantime, because on a
 * machine with few CPUs the polling would cost PostgreSQL as much as part of the work.
 */
const PAUSE_MS = 40;

export const idle: Row = {
  name: 'idle',
  title: 'one job at a time on an idle stack: from created to finished, by the times in its row',
  goals: GOALS,
  uses: ['fresh'],
  async run(bench) {
    const { settings, load } = bench;
    const jobs = settings.short ? 50 : 200;
    const stack = await bench.stack('fresh');
    const queue = millraceQueue(bench, stack);
    const meter = createMeter(stack);
    try {
      const { latencies } = await inRounds(bench, {
        latencies: () => {
          return meter.during(async () => {
            const { done } = await queue.begin();
            const begun = new Date();
            for (let job = 1; job <= jobs; job += 1) {
              bench.signal.throwIfAborted();
              await load.send({ ...addJobs(stack.url), clients: 1, requests: 1 });
              await sleep(PAUSE_MS);
            }
            await done(jobs);
            const rows = await askPostgres<{ ms: number; alone: boolean }>(
              stack,
              `SELECT 1000 * extract(epoch FROM finished_at - created_at)::float AS ms,
                      created_at > coalesce(lag(finished_at) OVER (ORDER BY created_at), '-infinity') AS alone
                 FROM jobs WHERE created_at >= $1`,
              [begun],
            );
            // If one took longer than the pause, the next one ran beside it.
            const values = rows.filter(({ alone }) => alone).map(({ ms }) => ms);
            return { requests: jobs, p50: median(values), p99: percentile(values, 0.99) };
          });
        },
      });
      const p50 = latencies.map((round) => round.p50);
      const p99 = latencies.map((round) => round.p99);
      return [
        {
          name: 'idle-p50',
          values: p50,
          goal: GOALS['idle-p50'],
          detail: milliseconds(p50),
          usage: meter.usage(),
        },
        { name: 'idle-p99', values: p99, goal: GOALS['idle-p99'], detail: milliseconds(p99) },
      ];
    } finally {
      await queue.stop();
    }
  },
};
