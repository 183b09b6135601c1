import { growthByRound } from './growth.js';
import { ratios } from './rounds.js';
import { median, percentile } from './statistics.js';

test.each([
  [[3], 3],
  [[9, 1, 5], 5],
  [[4, 1, 3, 2], 2.5],
  [[0, 0], 0],
  [[], NaN],
])('the median of %j is %d, in whatever order', (values, expected) => {
  expect(median(values)).toBe(expected);
});

test.each([
  [0.5, 50],
  [0.95, 95],
  [0.99, 99],
  [1, 100],
])('percentile %d of 1 to 100 is %d', (share, expected) => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentile(values, share)).toBe(expected);
});

test('with few values, a high percentile is the largest', () => {
  expect(percentile([2, 7, 3], 0.99)).toBe(7);
  expect(percentile([], 0.5)).toBeNaN();
});

test('ratios compare values of the same round', () => {
  expect(ratios([1, 4, 9], [2, 4, 3])).toEqual([0.5, 1, 3]);
});

test('growth compares the largest size with the cheapest smaller one, round by round', () => {
  const small = [1, 2];
  const middle = [4, 1];
  const large = [2, 3];
  expect(growthByRound([small, middle, large])).toEqual([2, 3]);
});
