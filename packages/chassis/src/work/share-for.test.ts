import { currentContext, withContext } from '../process/context/request-context.js';
import { shareFor } from './share-for.js';

/** Work that ends when the test says so, and is counted. */
function gated() {
  const ends: ((outcome: Promise<string>) => void)[] = [];
  const work = () => new Promise<string>((resolve) => ends.push(resolve));
  return { work, runs: () => ends.length, end: (outcome: Promise<string>) => ends.at(-1)!(outcome) };
}

it('shares one run among concurrent callers', async () => {
  const { work, runs, end } = gated();
  const ask = shareFor(60_000, work);
  const asked = Array.from({ length: 1_000 }, () => ask());
  end(Promise.resolve('well'));
  expect(new Set(await Promise.all(asked))).toEqual(new Set(['well']));
  expect(await ask()).toBe('well');
  expect(runs()).toBe(1);
});

it('runs again when the time is over, and never twice at once', async () => {
  const { work, runs, end } = gated();
  const ask = shareFor(0, work);
  const slow = [ask(), ask()];
  expect(runs()).toBe(1);
  end(Promise.resolve('1'));
  expect(await Promise.all(slow)).toEqual(['1', '1']);
  const next = ask();
  end(Promise.resolve('2'));
  expect(await next).toBe('2');
});

it('shares a failure like a success, and for no longer', async () => {
  const { work, runs, end } = gated();
  const ask = shareFor(0, work);
  const asked = [ask(), ask()];
  end(Promise.reject(new Error('not well')));
  expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  const next = ask();
  end(Promise.resolve('well'));
  expect(await next).toBe('well');
  expect(runs()).toBe(2);
});

it('is not bound to a caller, so that cancelling one does not affect the others', async () => {
  const ask = shareFor(0, () => Promise.resolve(currentContext()));
  expect(await withContext({ requestId: 'first' }, ask)).toBeUndefined();
});
