// Limits by client hold over all replicas: four local processes, Nginx before them, and a real Redis.
import { createOpenApiDocument } from '@millrace/contracts/openapi';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { startStack, type Stack } from '../../local/stack/stack.js';
import { checkAnswer, operationsOf } from '../api/described-answers.js';
import { eventually } from '../support/eventually.js';

const RATE = 50;
const BURST = 25;
const REPLICAS = 4;
const SECONDS = 4;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({
    port: 'free',
    bind: '127.0.0.1',
    scale: { 'task-api': REPLICAS },
    env: { all: { RATE_LIMIT_PER_SECOND: String(RATE), RATE_LIMIT_BURST: String(BURST) } },
  });
}, 90_000);
afterAll(() => stack.stop(), 30_000);

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  text: () => string;
}

/** A client with an address of its own. */
function client(localAddress: string) {
  const pool = new Pool(stack.url, { connections: 16, connect: { localAddress } });
  return {
    async get(path = '/api/tasks?limit=1'): Promise<Answer> {
      const { statusCode, headers, body } = await pool.request({ method: 'GET', path });
      const bytes = Buffer.from(await body.arrayBuffer());
      return {
        status: statusCode,
        headers: headers as Record<string, string>,
        body: bytes,
        text: () => bytes.toString(),
      };
    },
    close: () => pool.close(),
  };
}

/** Asks as fast as it can, 16 at a time. */
async function hammer(address: string, seconds: number): Promise<{ answers: Answer[]; seconds: number }> {
  const own = client(address);
  const answers: Answer[] = [];
  const begun = performance.now();
  const one = async () => {
    while (performance.now() - begun < seconds * 1_000) answers.push(await own.get());
  };
  await Promise.all(Array.from({ length: 16 }, one));
  const taken = (performance.now() - begun) / 1_000;
  await own.close();
  return { answers, seconds: taken };
}

test('one client gets its allowance from four replicas, and no more; another one is not refused', async () => {
  const modest = client('127.0.0.3');
  const hammered = hammer('127.0.0.2', SECONDS);
  const others: number[] = [];
  for (let count = 0; count < SECONDS * 10; count += 1) {
    others.push((await modest.get()).status);
    await sleep(90);
  }
  await modest.close();
  const { answers, seconds } = await hammered;

  const accepted = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status === 429);
  expect(accepted.length + refused.length).toBe(answers.length);
  expect(new Set(accepted.map(({ headers }) => headers['x-served-by'])).size).toBe(REPLICAS);
  const allowed = BURST + RATE * seconds;
  expect(accepted.length / allowed).toBeGreaterThan(0.95);
  expect(accepted.length / allowed).toBeLessThan(1.05);
  expect(new Set(others)).toEqual(new Set([200]));

  const operation = operationsOf(createOpenApiDocument()).find(
    ({ operationId }) => operationId === 'listTasks',
  )!;
  for (const answer of [accepted[0]!, ...refused.slice(0, 10)]) {
    expect(answer.headers['ratelimit-policy']).toBe(`"requests";q=${BURST};w=1;qu="requests"`);
    expect(answer.headers['ratelimit']).toMatch(/^"requests";r=\d+;t=\d+$/);
    checkAnswer(operation, answer as unknown as Parameters<typeof checkAnswer>[1]);
  }
  for (const { headers } of refused) expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
}, 30_000);

test('while Redis hangs, nobody is refused; the limit is back when Redis is', async () => {
  const { process } = stack.redis;
  process.kill('SIGSTOP');
  try {
    const open = await hammer('127.0.0.4', 2);
    expect(new Set(open.answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(open.answers.length).toBeGreaterThan(2 * (BURST + RATE * open.seconds));
  } finally {
    process.kill('SIGCONT');
  }
  await eventually(async () => {
    const { answers } = await hammer('127.0.0.4', 1);
    expect(answers.map(({ status }) => status)).toContain(429);
  });
}, 30_000);
