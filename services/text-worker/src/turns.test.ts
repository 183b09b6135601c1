import { setImmediate as nextTurn } from 'node:timers/promises';
import { withSignal } from '@millrace/chassis/process';
import { createTurns } from './turns.js';

/** Keeps the CPU busy. */
function spend(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

it('returns what a computation returns, and throws what it throws', async () => {
  const turns = createTurns(1);
  const sum = function* () {
    yield;
    yield;
    return 3;
  };
  const failing = function* (): Generator<void, never> {
    yield;
    throw new Error('no');
  };
  await expect(Promise.all([turns.run(sum()), turns.run(sum())])).resolves.toEqual([3, 3]);
  await expect(turns.run(failing())).rejects.toThrow('no');
  await expect(turns.run(sum())).resolves.toBe(3);
});

it('gives each turn of the event loop one slice, however many computations there are', async () => {
  const turns = createTurns(5);
  let stepsThisTurn = 0;
  const computation = function* () {
    for (let step = 0; step < 10; step += 1) {
      stepsThisTurn += 1;
      spend(1);
      yield;
    }
  };
  let left = 10;
  const all = Array.from({ length: left }, () => turns.run(computation()).finally(() => (left -= 1)));
  // Each has done its first step at once.
  expect(stepsThisTurn).toBe(10);
  stepsThisTurn = 0;
  const seen: number[] = [];
  while (left > 0) {
    await nextTurn();
    seen.push(stepsThisTurn);
    stepsThisTurn = 0;
  }
  await Promise.all(all);
  expect(Math.max(...seen)).toBeLessThanOrEqual(6);
  expect(seen.reduce((sum, steps) => sum + steps)).toBe(90);
});

it('lets a short computation finish before an earlier long one', async () => {
  const turns = createTurns(2);
  const ended: string[] = [];
  const computation = function* (name: string, steps: number) {
    for (let step = 0; step < steps; step += 1) {
      spend(1);
      yield;
    }
    ended.push(name);
  };
  await Promise.all([turns.run(computation('long', 20)), turns.run(computation('short', 1))]);
  expect(ended).toEqual(['short', 'long']);
});

it('stops computations that are no longer needed', async () => {
  const turns = createTurns(1);
  const noUse = new AbortController();
  let steps = 0;
  const endless = function* () {
    for (;;) {
      steps += 1;
      if (steps === 5) noUse.abort(new Error('the client left'));
      yield;
    }
  };
  await expect(withSignal(noUse.signal, () => turns.run(endless()))).rejects.toThrow('the client left');
  expect(steps).toBe(5);
});
