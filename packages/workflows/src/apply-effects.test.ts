import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceClient } from '@millrace/chassis/calls';
import sharp from 'sharp';
import { applyEffects } from './apply-effects.js';
import { createEffectWorkers } from './effect-workers.js';

const makeImage = async (width: number, height: number) => ({
  type: 'image/jpeg' as const,
  bytes: await sharp({ create: { width, height, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer(),
});

/** Both workers in one, counting how much they work on at once. */
function countingWorkers(memoryBytes: number) {
  const seen = { inWork: 0, most: 0 };
  const worker = {
    async request({ body }: { body: Buffer }) {
      seen.inWork += 1;
      seen.most = Math.max(seen.most, seen.inWork);
      await sleep(20);
      seen.inWork -= 1;
      return { status: 200, headers: {}, body, pod: 'worker-1' };
    },
  } as unknown as ServiceClient;
  const workers = createEffectWorkers({
    workers: { blur: worker, bw: worker },
    timeoutMs: 30_000,
    memoryBytes,
  });
  return { workers, seen };
}

test('holds no more images between two workers than fit into memory together', async () => {
  const image = await makeImage(200, 100);
  // Between the workers; and of the finished one, a third.
  const { workers, seen } = countingWorkers(4 * 2 * 200 * 100 * (3 + 1));
  const results = await Promise.all(
    Array.from({ length: 8 }, () => applyEffects(image, ['bw', 'blur'], workers)),
  );
  expect(results.every(({ hops }) => hops.length === 2)).toBe(true);
  expect(seen.most).toBe(2);
});

test('an image that is larger than the memory for it is processed alone', async () => {
  const image = await makeImage(200, 100);
  const { workers, seen } = countingWorkers(1_000);
  await Promise.all(Array.from({ length: 3 }, () => applyEffects(image, ['blur', 'bw'], workers)));
  expect(seen.most).toBe(1);
});

test('a single effect only takes memory for the finished image', async () => {
  const image = await makeImage(200, 100);
  const { workers, seen } = countingWorkers(4 * 4 * 200 * 100);
  await Promise.all(Array.from({ length: 8 }, () => applyEffects(image, ['blur'], workers)));
  expect(seen.most).toBe(4);
});

test('a small image still gets memory while the largest ones occupy all memory for large images', async () => {
  const { workers } = countingWorkers(10_000_000);
  const [large, small] = [await makeImage(2_500, 2_000), await makeImage(200, 100)];
  const order: string[] = [];
  const apply = async (name: string, image: typeof large) => {
    await applyEffects(image, ['bw', 'blur'], workers);
    order.push(name);
  };
  await Promise.all([apply('first', large), apply('second', large), apply('small', small)]);
  expect(order.indexOf('small')).toBeLessThan(2);
});
