import { startTestRedis, type TestRedis } from '../../../../../tests/support/redis.js';
import { TooManyRequests } from '../../http/problem.js';
import { createRateLimit, type RateLimit, type RateLimitOptions } from './rate-limit.js';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis.stop());
afterEach(() => redis.link.mend());

const limitOf = async (options: Partial<RateLimitOptions>) =>
  createRateLimit(await redis.connectAs('web_gateway'), {
    name: 'test',
    perSecond: 1_000,
    burst: 1_000,
    unit: 'requests',
    ...options,
  });

/** @returns whether it was allowed */
const spend = async (limit: RateLimit, client: string, cost = 1) => {
  try {
    await limit.spend(client, cost);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(TooManyRequests);
    return false;
  }
};

it('is shared by all replicas, and separate for each client', async () => {
  const options = { name: 'replicas', perSecond: 20, burst: 10 };
  const replicas = await Promise.all(Array.from({ length: 4 }, () => limitOf(options)));
  const begun = performance.now();
  let accepted = 0;
  let refused = 0;
  const greedy = replicas.map(async (replica) => {
    while (performance.now() - begun < 3_000) {
      if (await spend(replica, 'greedy')) accepted += 1;
      else refused += 1;
    }
  });
  const modest: boolean[] = [];
  while (performance.now() - begun < 2_900) {
    modest.push(await spend(replicas[modest.length % 4]!, 'modest'));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await Promise.all(greedy);
  const possible = options.burst + options.perSecond * ((performance.now() - begun) / 1_000);
  expect(accepted / possible).toBeGreaterThan(0.95);
  expect(accepted / possible).toBeLessThan(1.05);
  expect(refused).toBeGreaterThan(0);
  expect(modest).not.toContain(false);
});

it('says what is left, and when to try again', async () => {
  const limit = await limitOf({ name: 'upload', perSecond: 100, burst: 1_000, unit: 'content-bytes' });
  expect(await limit.spend('client', 400)).toEqual({
    'RateLimit-Policy': '"upload";q=1000;w=10;qu="content-bytes"',
    RateLimit: '"upload";r=600;t=4',
  });
  const refusal = await limit.spend('client', 900).catch((error: unknown) => error);
  expect(refusal).toMatchObject({
    status: 429,
    headers: { 'Retry-After': '3', RateLimit: '"upload";r=0;t=3' },
  });
  // A refused request costs nothing.
  expect(await spend(limit, 'client', 600)).toBe(true);
});

it('allows a single request that is larger than the burst, after a pause', async () => {
  const limit = await limitOf({ name: 'large', perSecond: 1, burst: 10 });
  expect(await spend(limit, 'client', 500)).toBe(true);
  expect(await spend(limit, 'client', 500)).toBe(false);
});

it('is off at 0', async () => {
  const limit = await limitOf({ name: 'off', perSecond: 0, burst: 1 });
  for (let time = 0; time < 5; time++) expect(await limit.spend('client', 9)).toEqual({});
});

it.each(['freeze', 'cut'] as const)(
  'fails open, and quickly, when the link to Redis is damaged: %s',
  async (damage) => {
    const limit = await limitOf({ name: damage, perSecond: 1, burst: 1 });
    expect(await spend(limit, 'client')).toBe(true);
    await redis.link[damage]();
    const begun = performance.now();
    expect(await limit.spend('client', 1)).toEqual({});
    expect(performance.now() - begun).toBeLessThan(1_000);
  },
);
