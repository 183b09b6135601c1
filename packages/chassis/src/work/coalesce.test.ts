import { coalesce } from './coalesce.js';
import { Unavailable } from '../http/problem.js';
import { currentContext, withContext, workMayHaveBegun } from '../process/context/request-context.js';

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

it('batches the items of one turn, and returns each its own result', async () => {
  const { calls, run, sent } = heldCalls();
  const add = coalesce({ run, maxItems: 10 });
  const answers = Promise.all([1, 2, 3].map(add));
  await turn();
  expect(sent()).toEqual([[1, 2, 3]]);
  calls[0]!.answer([10, 20, 30]);
  expect(await answers).toEqual([10, 20, 30]);
});

it('makes two calls at once, and batches items in the meantime', async () => {
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

it('respects the maximum size of a call', async () => {
  const { calls, run, sent } = heldCalls();
  const add = coalesce({ run, maxItems: 3, weigh: (item) => item, maxWeight: 10, concurrency: 9 });
  const answers = [1, 1, 1, 1, 9, 30, 2].map(add);
  await turn();
  expect(sent()).toEqual([[1, 1, 1], [1, 9], [30], [2]]);
  for (const { answer } of calls) answer();
  await Promise.all(answers);
});

it('distinguishes the error of one item from that of a whole call', async () => {
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
  // It still works afterwards.
  const next = add(6);
  await turn();
  calls[2]!.answer();
  expect(await next).toBe(6);
});

it('marks the work of all requests of a call, and no others, as begun', async () => {
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
