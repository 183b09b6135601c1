import { setImmediate as turn } from 'node:timers/promises';
import { createAccounts } from './accounts.js';

const BURST_MS = 1_000_000;

// By a clock of the test's own: how long something was known must not depend on the machine.
beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }));
afterEach(() => jest.useRealTimers());

/** Time passes, and what is due by then is done. */
async function pass(ms: number): Promise<void> {
  jest.advanceTimersByTime(ms);
  for (let turns = 0; turns < 3; turns += 1) await turn();
}
/** Longer than a replica keeps to itself what a client has spent. */
const REPORTED_MS = 60;

/** What all replicas share, with a delay. It never expires anything. */
function createBank() {
  const spent = new Map<string, number>();
  const questions: string[] = [];
  const ask = async (client: string, costMs: number, spentMs: number) => {
    questions.push(client);
    await turn();
    let fullInMs = (spent.get(client) ?? 0) + spentMs;
    const isAllowed = fullInMs + costMs <= BURST_MS;
    if (isAllowed) fullInMs += costMs;
    spent.set(client, fullInMs);
    return { isAllowed, fullInMs };
  };
  return { spent, questions, ask };
}

/** In the same turn of the event loop. */
const atOnce = <T>(count: number, make: () => Promise<T>) => Promise.all(Array.from({ length: count }, make));

it('allows a client with plenty left without asking, and reports what it has spent', async () => {
  const { spent, questions, ask } = createBank();
  const { spend } = createAccounts({ burstMs: BURST_MS, ask });
  await spend('ada', 1_000);
  const verdicts = await atOnce(40, () => spend('ada', 1_000));
  for (const verdict of verdicts) expect(verdict).toMatchObject({ isAllowed: true });
  expect(questions).toHaveLength(1);
  await pass(REPORTED_MS);
  expect(spent.get('ada')).toBe(41_000);
  expect(questions).toHaveLength(2);
});

it('asks as soon as it has spent a twentieth of a burst', async () => {
  const { spent, questions, ask } = createBank();
  const { spend } = createAccounts({ burstMs: BURST_MS, ask });
  await spend('ada', 1_000);
  await atOnce(51, () => spend('ada', 1_000));
  expect(questions).toHaveLength(2);
  expect(spent.get('ada')).toBe(52_000);
});

it('asks each time when less than half is left', async () => {
  const { questions, ask } = createBank();
  const { spend } = createAccounts({ burstMs: BURST_MS, ask });
  await spend('ada', 500_000);
  await atOnce(10, () => spend('ada', 1_000));
  expect(questions).toHaveLength(11);
});

it('asks again after a while: others may have spent something', async () => {
  const { questions, ask } = createBank();
  const { spend } = createAccounts({ burstMs: BURST_MS, ask });
  await spend('ada', 1_000);
  await pass(150);
  await spend('ada', 1_000);
  expect(questions).toHaveLength(2);
});

it('refuses a client with too little left without asking, but asks once a second', async () => {
  const { questions, ask } = createBank();
  const { spend } = createAccounts({ burstMs: BURST_MS, ask });
  expect(await spend('ada', BURST_MS)).toMatchObject({ isAllowed: true });
  const verdicts = await atOnce(100, () => spend('ada', 1_000));
  for (const verdict of verdicts) expect(verdict).toMatchObject({ isAllowed: false });
  expect(questions).toHaveLength(1);
  await pass(1_050);
  expect(await spend('ada', 1_000)).toMatchObject({ isAllowed: false });
  expect(questions).toHaveLength(2);
});

it('remembers a limited number of clients, and reports what the forgotten ones have spent', async () => {
  const { spent, questions, ask } = createBank();
  const { spend } = createAccounts({ burstMs: BURST_MS, ask, clientsMax: 2 });
  await spend('ada', 1_000);
  await Promise.all(['ada', 'ben', 'eve'].map((client) => spend(client, 1_000)));
  expect(questions).toEqual(['ada', 'ben', 'eve']);
  await pass(REPORTED_MS);
  expect(spent.get('ada')).toBe(2_000);
  await spend('ben', 1_000);
  // The report has brought ada back, in place of ben.
  expect(questions).toEqual(['ada', 'ben', 'eve', 'ada', 'ben']);
});

it('has no answer when Redis has none', async () => {
  const { spend } = createAccounts({ burstMs: BURST_MS, ask: () => Promise.resolve(undefined) });
  expect(await spend('ada', 1_000)).toBeUndefined();
});
