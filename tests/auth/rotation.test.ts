// The issuer rotates its key while clients send requests: no valid token is refused.
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { until } from '../support/until.js';
import { type SecuredStack, startSecuredStack } from './stack.js';

const CLIENTS = 16;
const ROTATIONS = 5;

let stack: SecuredStack;
beforeAll(async () => {
  stack = await startSecuredStack();
}, 90_000);
afterAll(() => stack.stop());

test('a rotation under load refuses no valid token, and made-up keys cost the issuer little', async () => {
  const pool = new Pool(stack.url, { connections: 2 * CLIENTS });
  const answers = new Map<number, number>();
  let isOver = false;
  const ask = async (token: string) => {
    const { statusCode, body } = await pool.request({
      method: 'GET',
      path: '/api/tasks?limit=1',
      headers: { Authorization: `Bearer ${token}` },
    });
    await body.dump();
    return statusCode;
  };
  const client = async (number: number) => {
    for (let count = 0; !isOver; count += 1) {
      // A new token each time, so that each one is verified, with the newest key.
      const status = await ask(
        await stack.issuer.token({ sub: `client-${number}-${count}`, scope: 'tasks:read' }),
      );
      answers.set(status, (answers.get(status) ?? 0) + 1);
    }
  };
  const attacker = async () => {
    const [, payload, signature] = (await stack.issuer.token({ scope: 'tasks:read' })).split('.');
    for (let count = 0; !isOver; count += 1) {
      const header = Buffer.from(JSON.stringify({ alg: 'ES256', kid: `made-up-${count}` })).toString(
        'base64url',
      );
      expect(await ask(`${header}.${payload}.${signature}`)).toBe(401);
    }
  };
  const begun = performance.now();
  const working = Promise.all([
    ...Array.from({ length: CLIENTS }, (_, n) => client(n)),
    attacker(),
    attacker(),
  ]);
  for (let count = 0; count < ROTATIONS; count += 1) {
    // Within the cooldown of a fetch, and outside it.
    await sleep(300 + 400 * count);
    await stack.issuer.rotate();
  }
  await sleep(500);
  await until('they have asked often', () => (answers.get(200) ?? 0) > 100);
  isOver = true;
  await working;
  const seconds = (performance.now() - begun) / 1_000;
  await pool.close();

  expect([...answers.keys()]).toEqual([200]);
  // One per second from each replica that was called.
  expect(stack.issuer.fetches).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
});
