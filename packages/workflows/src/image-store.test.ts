import { randomBytes, randomUUID } from 'node:crypto';
import { Unavailable } from '@millrace/chassis/http';
import { withTimeout } from '@millrace/chassis/process';
import type { Redis } from '@millrace/chassis/stores/redis';
import { eventually } from '../../../tests/support/eventually.js';
import { startTestRedis, type TestRedis } from '../../../tests/support/redis.js';
import { createImageStore, type ImageStore } from './image-store.js';

const MIB = 1024 ** 2;

let redis: TestRedis;
let connection: Redis;
let images: ImageStore;
beforeAll(async () => {
  redis = await startTestRedis({ settings: ['maxmemory 64mb'] });
  connection = await redis.connectAs('web_gateway');
  images = createImageStore(connection, 3_600);
});
afterAll(() => redis.stop());
afterEach(async () => {
  await redis.link.mend();
  await eventually(() => redis.redis.flushall());
});

const image = (size: number) => ({ type: 'image/png' as const, bytes: randomBytes(size) });

it('keeps what it is given, for its time', async () => {
  const [id, given] = [randomUUID(), image(1_000)];
  await images.save(id, given);
  expect(await images.find(id)).toEqual({ ...given, etag: expect.stringMatching(/^"[\w-]{43}"$/) });
  expect(await redis.redis.ttl(`image:${id}`)).toBeGreaterThan(3_500);
  expect(await images.find(randomUUID())).toBeUndefined();
});

it('lets the longest unused go when room is needed, and takes the new one', async () => {
  const ids = Array.from({ length: 40 }, () => randomUUID());
  for (const id of ids) await images.save(id, image(2 * MIB));
  expect(await images.find(ids.at(-1)!)).toBeDefined();
  expect(await redis.redis.dbsize()).toBeLessThan(32);
});

describe('saving while Redis does not answer', () => {
  it.each([
    ['is away', () => redis.link.cut()],
    ['hangs', () => redis.link.freeze()],
  ])('succeeds when Redis %s for a moment', async (_case, damage) => {
    const [id, given] = [randomUUID(), image(1_000)];
    const tries = jest.spyOn(connection, 'multi').mockClear();
    await damage();
    const saved = images.save(id, given);
    // The first has failed.
    await eventually(() => expect(tries).toHaveBeenCalledTimes(2));
    await redis.link.mend();
    await saved;
    expect((await images.find(id))?.bytes).toEqual(given.bytes);
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
    expect(times[0]).toBeLessThan(5_000);
    expect(times[1]).toBeLessThan(1_500);
  });
});

it('serves many large pictures at once without filling the memory of Redis with copies', async () => {
  const id = randomUUID();
  await images.save(id, image(4 * MIB));
  const found = await Promise.all(Array.from({ length: 20 }, () => images.find(id)));
  expect(found.every((picture) => picture?.bytes.length === 4 * MIB)).toBe(true);
});

it('says within 5 s that it cannot be read, however many wait', async () => {
  await redis.link.freeze();
  const begun = performance.now();
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => images.find(randomUUID())));
  expect(performance.now() - begun).toBeLessThan(5_000);
  for (const outcome of outcomes)
    expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(Unavailable) as Unavailable });
});
