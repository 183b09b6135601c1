import { setTimeout as sleep } from 'node:timers/promises';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { FAULT_ANSWER_MS } from '../../../../../tests/support/fault-time.js';
import { Unavailable } from '../problem.js';
import { createKeySet, type KeySetOptions } from './key-set.js';

const COOLDOWN_MS = 200;

/** An issuer's keys, and a lookup of one. */
function makeIssuer(own: Partial<KeySetOptions> = {}) {
  const keys: JWK[] = [];
  const issuer = {
    fetches: 0,
    isUp: true,
    warnings: 0,
    async publish(kid: string) {
      const { publicKey } = await generateKeyPair('ES256');
      keys.push({ ...(await exportJWK(publicKey)), kid, alg: 'ES256' });
    },
    withdraw: () => keys.shift(),
  };
  const find = createKeySet({
    async fetchKeys() {
      issuer.fetches += 1;
      const answer = { keys: [...keys] };
      await sleep(20);
      if (!issuer.isUp) throw new Error('away');
      return answer;
    },
    logger: { warn: () => (issuer.warnings += 1) } as never,
    cooldownMs: COOLDOWN_MS,
    ...own,
  });
  const keyOf = async (kid: string) => find({ alg: 'ES256', kid }, {} as never);
  return { issuer, keyOf };
}

it('fetches the keys once, for all waiting requests and all later ones', async () => {
  const { issuer, keyOf } = makeIssuer();
  await issuer.publish('a');
  await Promise.all(Array.from({ length: 50 }, () => keyOf('a')));
  await keyOf('a');
  expect(issuer.fetches).toBe(1);
});

it('finds a key that was published a moment after the last fetch', async () => {
  const { issuer, keyOf } = makeIssuer();
  await issuer.publish('a');
  await keyOf('a');
  await issuer.publish('b');
  await Promise.all(Array.from({ length: 50 }, () => keyOf('b')));
  expect(issuer.fetches).toBe(2);
});

it('finds a key that was published during a fetch', async () => {
  const { issuer, keyOf } = makeIssuer();
  await issuer.publish('a');
  const first = keyOf('a');
  await sleep(10);
  await issuer.publish('b');
  await keyOf('b');
  await first;
  expect(issuer.fetches).toBe(2);
});

it('asks the issuer once per cooldown, however many unknown keys there are', async () => {
  const { issuer, keyOf } = makeIssuer();
  await issuer.publish('a');
  await keyOf('a');
  const begun = performance.now();
  const outcomes = await Promise.allSettled(Array.from({ length: 300 }, (_, n) => keyOf(`made-up-${n}`)));
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
  const cooldowns = Math.ceil((performance.now() - begun) / COOLDOWN_MS);
  expect(issuer.fetches).toBeLessThanOrEqual(1 + cooldowns);
});

it('limits how many requests wait', async () => {
  const { issuer, keyOf } = makeIssuer({ waitingMax: 2 });
  await issuer.publish('a');
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => keyOf('a')));
  const refused = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  );
  expect(refused).toHaveLength(3);
  expect(refused.every((reason) => reason instanceof Unavailable)).toBe(true);
});

it('lets no request wait longer than its client, however slow the issuer is', async () => {
  const { issuer, keyOf } = makeIssuer({ patienceMs: 300, fetchKeys: () => new Promise(() => undefined) });
  await issuer.publish('a');
  const begun = performance.now();
  const [first, second] = await Promise.allSettled([keyOf('a'), sleep(200).then(() => keyOf('a'))]);
  expect([first, second]).toMatchObject([
    { reason: expect.any(Unavailable) },
    { reason: expect.any(Unavailable) },
  ]);
  expect(performance.now() - begun).toBeLessThan(FAULT_ANSWER_MS);
});

it('keeps using old keys while the issuer is down, and gets new ones when it is back', async () => {
  const { issuer, keyOf } = makeIssuer({ refreshAfterMs: 0 });
  await issuer.publish('a');
  await keyOf('a');
  issuer.isUp = false;
  await keyOf('a');
  await sleep(COOLDOWN_MS + 100);
  await keyOf('a');
  expect(issuer.warnings).toBe(1);
  issuer.isUp = true;
  await issuer.publish('b');
  await keyOf('b');
});

it('forgets a key that is withdrawn', async () => {
  const { issuer, keyOf } = makeIssuer({ refreshAfterMs: 0 });
  await issuer.publish('a');
  await issuer.publish('b');
  await keyOf('a');
  issuer.withdraw();
  // Noticed in the background.
  await keyOf('b');
  await sleep(COOLDOWN_MS + 100);
  await expect(keyOf('a')).rejects.toThrow('no applicable key');
});

it('is unavailable without any key, or when the key is unknown and the issuer is down', async () => {
  const { issuer, keyOf } = makeIssuer();
  issuer.isUp = false;
  await expect(keyOf('a')).rejects.toThrow(Unavailable);
  issuer.isUp = true;
  await issuer.publish('a');
  await keyOf('a');
  issuer.isUp = false;
  await expect(keyOf('b')).rejects.toThrow(Unavailable);
});
