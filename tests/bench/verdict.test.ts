import { describeGoal, judge } from './verdict.js';

test('a ratio is the median of the rounds, with the lowest and the highest', () => {
  expect(judge({ name: 'jobs', values: [0.5, 0.41239999, 0.62], goal: { atLeast: 0.45 } })).toEqual({
    row: 'jobs',
    ratio: 0.5,
    low: 0.4124,
    high: 0.62,
    goal: 0.45,
    met: true,
  });
});

test.each([
  [{ atLeast: 0.5 }, 0.5, true],
  [{ atLeast: 0.5 }, 0.499, false],
  [{ atLeast: 0.5 }, 0.9, true],
  [{ atMost: 15, unit: 'ms' as const }, 15, true],
  [{ atMost: 15, unit: 'ms' as const }, 15.1, false],
  [{ atMost: 15, unit: 'ms' as const }, 2, true],
  [{ atLeast: 0.5 }, NaN, false],
  [{ atMost: 0.5 }, NaN, false],
])('with the goal %j, %d meets it: %j', (goal, value, met) => {
  expect(judge({ name: 'any', values: [value], goal }).met).toBe(met);
});

test('a figure of no rounds misses its goal, and is null in JSON', () => {
  expect(judge({ name: 'any', values: [], goal: { atMost: 1 } })).toMatchObject({
    ratio: null,
    low: null,
    high: null,
    met: false,
  });
});

test('a goal is described with its direction and unit', () => {
  expect(describeGoal({ atLeast: 0.45 })).toBe('≥ 0.45');
  expect(describeGoal({ atMost: 15, unit: 'ms' })).toBe('≤ 15 ms');
});
