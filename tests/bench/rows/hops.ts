import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stack } from '../../../local/stack.js';
import type { Load } from '../load/load.js';
import { milliseconds } from '../measure/describe.js';
import { inRounds } from '../measure/rounds.js';
import { createMeter } from '../measure/usage.js';
import type { Work } from '../peers/one-process.js';
import { sourceCommand } from '../peers/peer-process.js';
import { assertSamePixels, photograph, uploadForm } from '../pictures.js';
import type { Bench, Goal, Row } from '../row.js';

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
      const peer = startOneProcess(bench, photo);
      const meter = createMeter(stack);
      const load = uploads(stack, photo);
      const ms = bench.settings.seconds * 1_000;
      try {
        const times = await inRounds(bench, {
          ours: async (round) => {
            const result = await meter.during(() => bench.load.send({ ...load, ms }));
            if (round === 0)
              await assertSamePixels(await viewOf(stack, result.sample), (await peer.work(0)).picture);
            return result.ms / result.requests;
          },
          theirs: async () => (await peer.work(ms)).each,
        });
        return [
          {
            name,
            values: times.ours.map((value, round) => times.theirs[round]! / value),
            goal,
            detail: `ours ${milliseconds(times.ours)} a picture, one process ${milliseconds(times.theirs)}`,
            usage: meter.usage(),
          },
        ];
      } finally {
        await peer.stop();
      }
    },
  };
}

/** One client: the next picture when the last is there. Straight to the gateway, as Nginx has a row of its own. */
export function uploads(stack: Stack, photo: Buffer): Load {
  const { url } = stack.replicas.find(({ service }) => service === 'web-gateway')!;
  return { url, method: 'POST', path: '/upload', ...uploadForm(photo), clients: 1, status: 201 };
}

async function viewOf(stack: Stack, answer: string): Promise<Buffer> {
  const { view_url } = JSON.parse(answer) as { view_url: string };
  const response = await fetch(stack.url + view_url);
  if (!response.ok) throw new Error(`${view_url}: ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

function startOneProcess({ guard, folder, signal }: Bench, photo: Buffer) {
  const file = join(folder, 'photo.jpg');
  const result = join(folder, 'result.jpg');
  writeFileSync(file, photo);
  const { args = [], cwd } = sourceCommand('one-process');
  const child = fork(args.at(-1)!, { execArgv: args.slice(0, -1), cwd, detached: true });
  const pid = child.pid!;
  guard.add(pid, 'SIGTERM');
  const exited = once(child, 'exit').then(() => guard.remove(pid));
  return {
    /** @returns ms for each picture, and the last one */
    async work(ms: number) {
      const answer = once(child, 'message', { signal });
      child.send({ file, ms, result } satisfies Work);
      const [done] = (await Promise.race([
        answer,
        exited.then(() => Promise.reject(new Error('The one process has ended.'))),
      ])) as [{ requests: number; ms: number }];
      return { each: done.ms / done.requests, picture: readFileSync(result) };
    },
    async stop() {
      child.kill();
      await exited;
    },
  };
}
