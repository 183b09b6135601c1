import { randomBytes, randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { Unavailable } from '@millrace/chassis/http';
import { withTimeout } from '@millrace/chassis/process';
import { connectRedis, type Redis } from '@millrace/chassis/stores/redis';
import { createWorkLimiter } from '@millrace/chassis/work';
import { eventually } from '../../../tests/support/eventually.js';
import { FAULT_ANSWER_MS } from '../../../tests/support/fault-time.js';
import { silentLogger } from '../../../tests/support/service-basics.js';
import { startTestRedis, type TestRedis } from '../../../tests/support/redis.js';
import { createImageStore, type ImageStore } from './image-store.js';

const MIB = 1024 ** 2;

let redis: TestRedis;
let connection: Redis;
let images: ImageStore;
beforeAll(async () => {
  redis = await startTestRedis({ settings: ['maxmemory 64mb'] });
  connection = await redis.connectAs('web_gateway');
  images = createImageStore({ redis: connection, ttlSeconds: 3_600 });
});
afterAll(() => redis.stop());
afterEach(async () => {
  await redis.link.mend();
  await eventually(() => redis.redis.flushall());
});

const find = (id: string) => images.show(id, (found) => found);
const image = (size: number) => ({ type: 'image/png' as const, bytes: randomBytes(size) });

it('keeps an image until it expires', async () => {
  const [id, given] = [randomUUID(), image(1_000)];
  await images.save(id, given);
  const stored = { ...given, etag: expect.stringMatching(/^"[\w-]{43}"$/) as string };
  expect(await find(id)).toEqual({ ...stored, owner: null });
  await images.save(id, { ...given, owner: 'ada' });
  expect(await find(id)).toEqual({ ...stored, owner: 'ada' });
  expect(await redis.redis.ttl(`image:${id}`)).toBeGreaterThan(3_500);
  expect(await find(randomUUID())).toBeUndefined();
});

it('evicts the least recently used image when room is needed, and accepts the new one', async () => {
  const ids = Array.from({ length: 40 }, () => randomUUID());
  for (const id of ids) await images.save(id, image(2 * MIB));
  expect(await find(ids.at(-1)!)).toBeDefined();
  expect(await redis.redis.dbsize()).toBeLessThan(32);
});

describe('saving while Redis does not respond', () => {
  it.each([
    ['is away', () => redis.link.cut()],
    ['hangs', () => redis.link.freeze()],
  ])('succeeds when Redis %s for a moment', async (_case, damage) => {
    // A command gives up early, so that there is time for many tries, even on a busy machine.
    const hasty = connectRedis(redis.urlOf('web_gateway'), silentLogger(), { commandTimeoutMs: 300 });
    try {
      await eventually(() => hasty.ping());
      const store = createImageStore({ redis: hasty, ttlSeconds: 3_600 });
      const [id, given] = [randomUUID(), image(1_000)];
      const tries = jest.spyOn(hasty, 'multi');
      await damage();
      const saved = store.save(id, given);
      // The first one has failed.
      await eventually(() => expect(tries.mock.calls.length).toBeGreaterThanOrEqual(2));
      await redis.link.mend();
      await saved;
      await eventually(async () => expect((await find(id))?.bytes).toEqual(given.bytes));
    } finally {
      hasty.disconnect();
    }
  });

  it('gives up within 5 s, and earlier when nobody waits any more', async () => {
    await redis.link.cut();
    const times = await Promise.all(
      [10_000, 300].map(async (timeoutMs) => {
        const begun = performance.now();
        await withTimeout(timeoutMs, () =>
          expect(images.save(randomUUID(), image(1_000))).rejects.toThrow(Unavailable),
        );
        return performance.now() - begun;
      }),
    );
    expect(times[0]).toBeGreaterThan(1_000);
    expect(times[0]).toBeLessThan(FAULT_ANSWER_MS);
    expect(times[1]).toBeLessThan(times[0]!);
  });
});

it('serves many large images at once without filling the memory of Redis with copies', async () => {
  const id = randomUUID();
  await images.save(id, image(4 * MIB));
  const found = await Promise.all(Array.from({ length: 12 }, () => find(id)));
  expect(found.every((image) => image?.bytes.length === 4 * MIB)).toBe(true);
});

it('fails within 5 s when it cannot be read, however many requests wait', async () => {
  await redis.link.freeze();
  const begun = performance.now();
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => find(randomUUID())));
  expect(performance.now() - begun).toBeLessThan(FAULT_ANSWER_MS);
  for (const outcome of outcomes)
    expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(Unavailable) as Unavailable });
});

it('has no more images in use than there is memory for', async () => {
  const memory = createWorkLimiter({ concurrency: 5 * MIB, queueLimit: 10 });
  const bounded = createImageStore({ redis: connection, ttlSeconds: 3_600, memory });
  const id = randomUUID();
  await images.save(id, image(2 * MIB));
  const end = new EventEmitter();
  let used = 0;
  const uses = Array.from({ length: 3 }, () =>
    bounded.show(id, async () => {
      used += 1;
      await once(end, 'end');
    }),
  );
  await eventually(() => expect(memory.waiting()).toBe(1));
  expect(used).toBe(2);
  end.emit('end');
  await eventually(() => expect(used).toBe(3));
  end.emit('end');
  await Promise.all(uses);
  expect(memory.inFlight()).toBe(0);
});

it('fails when no memory becomes free for an image', async () => {
  const memory = createWorkLimiter({ concurrency: MIB, queueLimit: 10 });
  const bounded = createImageStore({ redis: connection, ttlSeconds: 3_600, memory });
  const id = randomUUID();
  await images.save(id, image(MIB));
  let end = () => {};
  const first = bounded.show(id, () => new Promise<void>((resolve) => (end = resolve)));
  await eventually(() => expect(memory.inFlight()).toBe(MIB));
  await expect(bounded.show(id, () => undefined)).rejects.toThrow(Unavailable);
  end();
  await first;
  await bounded.show(id, (found) => expect(found?.bytes).toHaveLength(MIB));
});
