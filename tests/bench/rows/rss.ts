import { setTimeout as sleep } from 'node:timers/promises';
import { startStack } from '../../../local/stack/stack.js';
import { inRounds } from '../measure/rounds.js';
import { median } from '../measure/statistics.js';
import { memoryOf } from '../measure/usage.js';
import { startPeer } from '../peers/peer-process.js';
import { type Bench, type Row, Skipped } from '../row.js';

const GOAL = { atMost: 1.5 };
const MIB = 1024 * 1024;

export const rss: Row = {
  name: 'rss',
  title: 'resident memory of an idle service (the median of all seven) against an empty Node process',
  goals: { rss: GOAL },
  uses: [],
  async run(bench) {
    if (process.platform !== 'linux') throw new Skipped('memory is read from /proc');
    const { short } = bench.settings;
    const { sizes } = await inRounds(
      bench,
      { sizes: () => measureIdle(bench, short ? 1_000 : 5_000) },
      short ? 1 : undefined,
      { warmUp: false },
    );
    const names = Object.keys(sizes[0]!.services);
    const each = names.map((name) => {
      const bytes = median(sizes.map(({ services }) => services[name]!));
      return `${name.replace(/-1$/, '')} ${Math.round(bytes / MIB)}`;
    });
    return [
      {
        name: 'rss',
        values: sizes.map(({ services, empty }) => median(Object.values(services)) / empty),
        goal: GOAL,
        detail: `MiB: ${each.join(', ')}; empty Node ${Math.round(median(sizes.map(({ empty }) => empty)) / MIB)}`,
      },
    ];
  },
};

/** A stack that has become healthy and was then left alone, beside an empty process of the same age. */
async function measureIdle({ guard, signal }: Bench, idleMs: number) {
  const empty = startPeer(
    { guard },
    { name: 'empty', command: process.execPath, args: ['-e', 'setInterval(() => {}, 2 ** 30)'] },
  );
  const stack = await startStack({ port: 'free', signal });
  try {
    await sleep(idleMs, undefined, { signal });
    return {
      services: Object.fromEntries(
        stack.replicas.map(({ name, process }) => [name, memoryOf(process.pid!, 'VmRSS')]),
      ),
      empty: memoryOf(empty.pid!, 'VmRSS'),
    };
  } finally {
    await stack.stop();
    await empty.stop();
  }
}
