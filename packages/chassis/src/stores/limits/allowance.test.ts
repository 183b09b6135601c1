import { randomUUID } from 'node:crypto';
import { eventually } from '../../../../../tests/support/eventually.js';
import { FAULT_ANSWER_MS } from '../../../../../tests/support/fault-time.js';
import { startTestRedis, type TestRedis } from '../../../../../tests/support/redis.js';
import { silentLogger } from '../../../../../tests/support/service-basics.js';
import type { Allowance } from '../../http/limits/allowance.js';
import { type AllowanceOptions, createAllowance } from './allowance.js';
import { createRateLimits, type RateLimits } from './rate-limits.js';

let redis: TestRedis;
const limits: RateLimits[] = [];
beforeAll(async () => {
  redis = await startTestRedis();
});
afterEach(async () => {
  await redis.link.mend();
  for (const one of limits.splice(0)) await one.close();
});
afterAll(() => redis.stop());

/** Like a replica's. */
function limitsOfReplica(): RateLimits {
  const config = {
    RATE_LIMIT_PER_SECOND: 0,
    RATE_LIMIT_BURST: 1,
    RATE_LIMIT_REDIS_URL: redis.urlOf('rate_limits'),
  };
  const own = createRateLimits(config, silentLogger());
  limits.push(own);
  return own;
}

type Options = Omit<AllowanceOptions, 'unit'> & Partial<Pick<AllowanceOptions, 'unit'>>;

/** With a longer time limit than a replica's: on a busy machine, some requests would not be counted. */
const patientAllowanceOf = async (options: Options): Promise<Allowance> =>
  createAllowance(await redis.connectAs('rate_limits'), { unit: 'requests', ...options });

/** A replica's, as soon as it is connected. */
async function allowanceOf(options: Options): Promise<Allowance> {
  const allowance = limitsOfReplica().create({ unit: 'requests', ...options })!;
  await eventually(async () => expect(await allowance.spend('nobody', 1)).toBeDefined());
  return allowance;
}

const isAllowed = async (allowance: Allowance, client: string, cost = 1) =>
  (await allowance.spend(client, cost))?.isAllowed;

it('is off at 0, and does not even connect', async () => {
  const clients = async () => String(await redis.redis.client('LIST'));
  expect(limitsOfReplica().create({ name: 'off', perSecond: 0, burst: 1, unit: 'requests' })).toBeUndefined();
  expect(limitsOfReplica().requests).toBeUndefined();
  expect(await clients()).not.toContain('user=rate_limits');
});

it.each([
  ['a small burst, where Redis is asked about every request', { perSecond: 20, burst: 10 }],
  ['a burst, where it is not asked about the first half', { perSecond: 20, burst: 40 }],
])('is shared by all replicas, and separate for each client: %s', async (_case, sizes) => {
  const options = { name: `replicas-${sizes.burst}`, ...sizes };
  const replicas = await Promise.all(Array.from({ length: 4 }, () => patientAllowanceOf(options)));
  const begun = performance.now();
  let accepted = 0;
  // At the last refusal, nothing was left: when that was asked for, or when it was heard of.
  let atRefusal = { accepted: 0, askedMs: 0, heardMs: 0 };
  const greedy = replicas.map(async (replica) => {
    for (let ms = 0; ms < 3_000; ms = performance.now() - begun) {
      if (await isAllowed(replica, 'greedy')) accepted += 1;
      else atRefusal = { accepted, askedMs: ms, heardMs: performance.now() - begun };
      // What a replica knows takes no time.
      await new Promise(setImmediate);
    }
  });
  const modest: unknown[] = [];
  while (performance.now() - begun < 2_900) {
    modest.push(await isAllowed(replicas[modest.length % 4]!, 'modest'));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await Promise.all(greedy);
  expect(atRefusal.heardMs).toBeGreaterThan(1_000);
  const possible = (ms: number) => options.burst + (options.perSecond * ms) / 1_000;
  expect(atRefusal.accepted).toBeGreaterThan(0.95 * possible(atRefusal.askedMs));
  expect(atRefusal.accepted).toBeLessThan(1.05 * possible(atRefusal.heardMs));
  expect(new Set(modest)).toEqual(new Set([true]));
});

it('rarely asks Redis about a client with plenty left, or with nothing left', async () => {
  const options = { name: 'seldom', perSecond: 0.01, burst: 10_000 };
  const [allowance, other] = [await patientAllowanceOf(options), await patientAllowanceOf(options)];
  const questions = async () =>
    Number(/cmdstat_eval:calls=(\d+)/.exec(await redis.redis.info('commandstats'))?.[1] ?? 0);
  const before = await questions();
  for (let count = 0; count < 4_000; count += 1) expect(await isAllowed(allowance, 'busy')).toBe(true);
  // Another replica knows it, too.
  await eventually(async () => expect((await other.spend('busy', 1))?.left).toMatch(/r=5\d\d\d;/));
  while (await isAllowed(allowance, 'busy', 1_000));
  for (let count = 0; count < 4_000; count += 1)
    expect(await isAllowed(allowance, 'busy', 1_000)).toBe(false);
  expect((await questions()) - before).toBeLessThan(400);
});

it('says what is left, and when to try again', async () => {
  const allowance = await patientAllowanceOf({
    name: 'upload',
    perSecond: 10,
    burst: 1_000,
    unit: 'content-bytes',
  });
  expect(await allowance.spend('client', 400)).toMatchObject({
    isAllowed: true,
    policy: '"upload";q=1000;w=100;qu="content-bytes"',
    left: '"upload";r=600;t=40',
  });
  const refused = await allowance.spend('client', 900);
  // 300 too little; a busy machine has waited for a part of them already.
  const { waitSeconds } = refused!;
  expect(refused).toMatchObject({ isAllowed: false, left: `"upload";r=0;t=${waitSeconds}` });
  expect(waitSeconds).toBeGreaterThan(20);
  expect(waitSeconds).toBeLessThanOrEqual(30);
  // A refused request costs nothing.
  expect(await isAllowed(allowance, 'client', 600)).toBe(true);
});

it('allows a single request that is larger than the burst, after a pause', async () => {
  const allowance = await patientAllowanceOf({ name: 'large', perSecond: 1, burst: 10 });
  expect(await isAllowed(allowance, 'client', 500)).toBe(true);
  expect(await isAllowed(allowance, 'client', 500)).toBe(false);
});

it('keeps nothing about a client once the allowance is full again', async () => {
  const allowance = await patientAllowanceOf({ name: 'brief', perSecond: 1, burst: 100 });
  await allowance.spend('client', 50);
  expect(await redis.redis.pttl('limit:brief:client')).toBeLessThanOrEqual(50_000);
  expect(await redis.redis.pttl('limit:brief:client')).toBeGreaterThan(40_000);
});

it.each(['freeze', 'cut'] as const)(
  'lets everything through when the link to Redis is damaged (%s), after at most a moment, and counts again when it is back',
  async (damage) => {
    const allowance = await allowanceOf({ name: damage, perSecond: 0.01, burst: 1 });
    // On a busy machine, Redis may take too long once: then another client is used.
    let client = '';
    await eventually(async () => expect(await isAllowed(allowance, (client = randomUUID()))).toBe(true));
    await redis.link[damage]();
    const begun = performance.now();
    expect(await allowance.spend(randomUUID(), 1)).toBeUndefined();
    // The others do not wait: a quarter of a second each would be 25 s.
    for (let count = 0; count < 100; count += 1)
      expect(await allowance.spend(randomUUID(), 1)).toBeUndefined();
    expect(performance.now() - begun).toBeLessThan(FAULT_ANSWER_MS);
    // What was known about a client is valid for one more second.
    await eventually(async () => expect(await allowance.spend(client, 1)).toBeUndefined());

    await redis.link.mend();
    await eventually(async () => expect(await isAllowed(allowance, client)).toBe(false));
  },
);
