import { coalesce } from './coalesce.js';
import { Unavailable } from '../http/problem.js';
import { currentContext, withContext, workMayHaveBegun } from '../process/request-context.js';

/** Calls that the test answers one after the other. */
function heldCalls() {
  const calls: {
    items: number[];
    answer: (results?: (number | Error)[]) => void;
    fail: (error: Error) => void;
  }[] = [];
  const run = (items: number[]) =>
    new Promise<(number | Error)[]>((resolve, reject) => {
      calls.push({ items, answer: (results = items) => resolve(results), fail: reject });
    });
  return { calls, run, sent: () => calls.map(({ items }) => items) };
}
const messageOf = (error: unknown) => (error as Error).message;
const turn = () => new Promise((resolve) => setImmediate(resolve));

it('sends what comes in one turn together, and answers each with its own', async () => {
  const { calls, run, sent } = heldCalls();
  const add = coalesce({ run, maxItems: 10 });
  const answers = Promise.all([1, 2, 3].map(add));
  await turn();
  expect(sent()).toEqual([[1, 2, 3]]);
  calls[0]!.answer([10, 20, 30]);
  expect(await answers).toEqual([10, 20, 30]);
});

it('has two calls under way, and sends what comes meanwhile together', async () => {
  const { calls, run, sent } = heldCalls();
  const add = coalesce({ run, maxItems: 10 });
  const answers: Promise<number>[] = [];
  for (const item of [1, 2, 3, 4]) {
    answers.push(add(item));
    await turn();
  }
  expect(sent()).toEqual([[1], [2]]);
  calls[1]!.answer();
  await turn();
  expect(sent()).toEqual([[1], [2], [3, 4]]);
  for (const { answer } of calls) answer();
  expect(await Promise.all(answers)).toEqual([1, 2, 3, 4]);
});

it('puts no more into a call than it may carry', async () => {
  const { calls, run, sent } = heldCalls();
  const add = coalesce({ run, maxItems: 3, weigh: (item) => item, maxWeight: 10, concurrency: 9 });
  const answers = [1, 1, 1, 1, 9, 30, 2].map(add);
  await turn();
  expect(sent()).toEqual([[1, 1, 1], [1, 9], [30], [2]]);
  for (const { answer } of calls) answer();
  await Promise.all(answers);
});

it('tells the error of one item from that of a call, which those who wait share', async () => {
  const { calls, run } = heldCalls();
  const add = coalesce({ run, maxItems: 2, concurrency: 1 });
  const answers = [1, 2, 3, 4].map((item) => add(item).catch(messageOf));
  await turn();
  calls[0]!.answer([new Error('not this one'), 2]);
  await turn();
  expect(calls[1]!.items).toEqual([3, 4]);
  const late = add(5).catch(messageOf);
  calls[1]!.fail(new Unavailable('nobody there'));
  expect(await Promise.all(answers)).toEqual(['not this one', 2, 'nobody there', 'nobody there']);
  expect(await late).toBe('nobody there');
  // And goes on.
  const next = add(6);
  await turn();
  calls[2]!.answer();
  expect(await next).toBe(6);
});

it('tells all requests of a call, and no others, that their work may have begun', async () => {
  let requestId: string | undefined;
  const add = coalesce<string, string>({
    async run(items) {
      requestId = currentContext()?.requestId;
      await turn();
      if (items.includes('writes')) workMayHaveBegun();
      return items;
    },
    maxItems: 2,
    concurrency: 1,
  });
  const begun = (id: string, item: string) => {
    const effects = { begun: false };
    return withContext({ requestId: id, effects }, () => add(item)).then(() => effects.begun);
  };
  expect(
    await Promise.all([
      begun('r1', 'reads'),
      begun('r2', 'writes'),
      begun('r3', 'reads'),
      begun('r4', 'reads'),
    ]),
  ).toEqual([true, true, false, false]);
  expect(requestId).toBe('r3');
});
