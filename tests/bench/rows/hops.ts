import type { Stack } from '../../../local/stack/stack.js';
import type { Load } from '../load/load.js';
import { milliseconds } from '../measure/describe.js';
import { inRounds, ratios } from '../measure/rounds.js';
import { createMeter } from '../measure/usage.js';
import { sourceCommand, startHttpPeer } from '../peers/peer-process.js';
import { assertSamePixels, photograph, uploadForm } from '../images.js';
import type { Goal, Row } from '../row.js';

export const hops12 = hops('hops-12', 12, { atLeast: 0.85 });
export const hops1 = hops('hops-1', 1, { atLeast: 0.75 });

function hops(name: string, megapixels: number, goal: Goal): Row {
  return {
    name,
    title: `POST /upload of ${megapixels} MP with bw,blur: gateway, two workers and Redis, against one process; same pixels`,
    goals: { [name]: goal },
    uses: ['fresh'],
    async run(bench) {
      const photo = await photograph(megapixels);
      const stack = await bench.stack('fresh');
      const peer = await startHttpPeer(bench, sourceCommand('one-process'), { NODE_ENV: 'production' });
      const meter = createMeter(stack);
      const ours = uploads(gatewayOf(stack), photo);
      const theirs = uploads(peer.url, photo);
      const ms = bench.settings.seconds * 1_000;
      try {
        const results = await inRounds(bench, {
          ours: () => meter.during(() => bench.load.send({ ...ours, ms })),
          theirs: () => bench.load.send({ ...theirs, ms }),
        });
        await assertSamePixels(
          await viewOf(ours.url, results.ours.at(-1)!.sample),
          await viewOf(theirs.url, results.theirs.at(-1)!.sample),
        );
        const [own, one] = [results.ours, results.theirs].map((some) => some.map(({ p50 }) => p50));
        return [
          {
            name,
            values: ratios(one!, own!),
            goal,
            detail: `ours ${milliseconds(own!)} an image, one process ${milliseconds(one!)}`,
            usage: meter.usage(),
          },
        ];
      } finally {
        await peer.stop();
      }
    },
  };
}

/** Nginx has its own row. */
export function gatewayOf(stack: Stack): string {
  return stack.replicas.find(({ service }) => service === 'web-gateway')!.url;
}

/** One client: the next image follows the response to the last. */
export function uploads(url: string, photo: Buffer): Load {
  return { url, method: 'POST', path: '/upload', ...uploadForm(photo), clients: 1, status: 201 };
}

async function viewOf(url: string, answer: string): Promise<Buffer> {
  const { view_url } = JSON.parse(answer) as { view_url: string };
  const response = await fetch(url + view_url);
  if (!response.ok) throw new Error(`${view_url}: ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}
