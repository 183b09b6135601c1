import { type Bench, type Row, Skipped } from './row.js';
import { inRounds } from './measure/rounds.js';
import { runRows } from './suite.js';

const row = (name: string, run: Row['run'], uses: Row['uses'] = []): Row => ({
  ...{ name, title: name, goals: { [name]: { atLeast: 1 } }, uses },
  run,
});
const figure = (name: string) => ({ name, values: [1], goal: { atLeast: 1 } });
const bench = (signal = new AbortController().signal) =>
  ({ signal, settings: { rounds: 2 }, progress: () => undefined }) as unknown as Bench;

test('a row that fails or is skipped does not prevent the others from being measured', async () => {
  const kept: string[][] = [];
  const outcomes = await runRows(
    [
      row('one', () => Promise.reject(new Error('broken')), ['fresh']),
      row('two', () => Promise.reject(new Skipped('no peer')), ['large']),
      row('three', () => Promise.resolve([figure('three')]), ['large']),
    ],
    bench(),
    { keepOnly: (names) => Promise.resolve(void kept.push([...names])) },
    () => undefined,
  );
  expect(outcomes).toMatchObject([
    { failed: { message: 'broken' } },
    { skipped: 'no peer' },
    { figures: [figure('three')] },
  ]);
  // A stack runs as long as a later row uses it.
  expect(kept).toEqual([['large'], ['large'], []]);
});

test('an interruption ends the suite, and is not a failure of the row', async () => {
  const interruption = new AbortController();
  const one = row('one', () => {
    interruption.abort(new Error('stopped'));
    return Promise.reject(new Error('because of it'));
  });
  const stacks = { keepOnly: () => Promise.resolve() };
  await expect(runRows([one, one], bench(interruption.signal), stacks, () => undefined)).rejects.toThrow(
    'stopped',
  );
});

test('contestants take turns, and the warm-up does not count', async () => {
  const turns: string[] = [];
  const turn = (name: string) => (round: number) => {
    turns.push(`${name}${round}`);
    return Promise.resolve(round);
  };
  expect(await inRounds(bench(), { a: turn('a'), b: turn('b') })).toEqual({ a: [1, 2], b: [1, 2] });
  expect(turns).toEqual(['a0', 'b0', 'a1', 'b1', 'a2', 'b2']);
});
