// Limits by client hold over all replicas: four local processes, Nginx before them, and a real Redis.
import { createOpenApiDocument } from '@millrace/contracts/openapi';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { startStack, type Stack } from '../../local/stack/stack.js';
import { checkAnswer, operationsOf } from '../api/described-answers.js';
import { eventually } from '../support/eventually.js';

/** Low enough that even a busy machine can send several times as much. */
const RATE = 20;
/** Half of it is spent without asking Redis each time. */
const BURST = 100;
const REPLICAS = 4;
const SECONDS = 8;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({
    port: 'free',
    bind: '127.0.0.1',
    scale: { 'task-api': REPLICAS },
    env: { all: { RATE_LIMIT_PER_SECOND: String(RATE), RATE_LIMIT_BURST: String(BURST) } },
  });
}, 90_000);
afterAll(() => stack.stop());

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  text: () => string;
}

/** A client with its own address. */
function client(localAddress: string) {
  const pool = new Pool(stack.url, { connections: 8, localAddress });
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

/** An answer, and when it was asked for and came, in seconds since the beginning. */
type Timed = Answer & { asked: number; came: number };

/** Asks as fast as it can, eight at a time, until it is enough. */
async function hammer(
  address: string,
  isEnough: (answers: readonly Timed[], seconds: number) => boolean,
): Promise<Timed[]> {
  const own = client(address);
  const answers: Timed[] = [];
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1_000;
  const one = async () => {
    while (!isEnough(answers, seconds())) {
      const asked = seconds();
      answers.push({ ...(await own.get()), asked, came: seconds() });
    }
  };
  await Promise.all(Array.from({ length: 8 }, one));
  await own.close();
  return answers;
}

test('one client gets its allowance from four replicas, and no more; another one is not refused', async () => {
  const modest = client('127.0.0.3');
  const hammered = hammer('127.0.0.2', (_answers, seconds) => seconds > SECONDS);
  const others: number[] = [];
  for (let count = 0; count < SECONDS * 5; count += 1) {
    others.push((await modest.get()).status);
    await sleep(180);
  }
  await modest.close();
  const answers = await hammered;
  // At its last refusal, nothing was left: at some time from when that was asked for to when it came.
  const refused = answers.filter(({ status }) => status === 429);
  const last = refused.at(-1)!;
  const accepted = answers.filter(({ status, came }) => status === 200 && came <= last.came);
  // When Redis takes too long on a busy machine, the limit is open, and the answer does not tell of one.
  const counted = accepted.filter(({ headers }) => headers['ratelimit'] !== undefined);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]));
  expect(new Set(accepted.map(({ headers }) => headers['x-served-by'])).size).toBe(REPLICAS);
  expect(accepted.length).toBeGreaterThan(0.95 * (BURST + RATE * (last.asked - answers[0]!.came)));
  expect(counted.length).toBeLessThan(1.05 * (BURST + RATE * last.came));
  expect(new Set(others)).toEqual(new Set([200]));

  const operation = operationsOf(createOpenApiDocument()).find(
    ({ operationId }) => operationId === 'listTasks',
  )!;
  for (const answer of [counted[0]!, ...refused.slice(0, 10)]) {
    expect(answer.headers['ratelimit-policy']).toBe(`"requests";q=${BURST};w=5;qu="requests"`);
    expect(answer.headers['ratelimit']).toMatch(/^"requests";r=\d+;t=\d+$/);
    checkAnswer(operation, answer as unknown as Parameters<typeof checkAnswer>[1]);
  }
  for (const { headers } of refused) expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
});

test('while Redis hangs, nobody is refused; the limit is back when Redis is', async () => {
  const { process } = stack.redis;
  process.kill('SIGSTOP');
  try {
    // Until it has had clearly more than the limit would allow.
    const open = await hammer(
      '127.0.0.4',
      (answers, seconds) => answers.length > 1.3 * (BURST + RATE * seconds),
    );
    expect(new Set(open.map(({ status }) => status))).toEqual(new Set([200]));
  } finally {
    process.kill('SIGCONT');
  }
  await eventually(async () => {
    const answers = await hammer('127.0.0.4', (_answers, seconds) => seconds > 1);
    expect(answers.map(({ status }) => status)).toContain(429);
  });
});
