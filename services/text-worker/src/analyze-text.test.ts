import { analyzeText } from './analyze-text.js';

const MAX = 100_000;

it.each([
  ['words', 'ab ', ' ba'],
  ['emoji families', '👨‍👩‍👧'],
  ['thumbs with a skin tone', '👍🏽'],
  ['flags', '🇨🇭'],
  ['accented letters', 'e\u0301'],
  ['line ends', '\r\n'],
])('reverses the longest text of %s in well under a second', (_case, unit, reversed = unit) => {
  // One more character in front moves every cluster to another place within the parts.
  for (const first of ['', 'x', 'xy', 'xyz']) {
    const count = Math.floor((MAX - first.length) / unit.length);
    const begun = performance.now();
    const { reversed_text } = analyzeText(first + unit.repeat(count));
    expect(performance.now() - begun).toBeLessThan(1_000);
    expect(reversed_text).toBe(reversed.repeat(count) + Array.from(first).reverse().join(''));
  }
});

it('keeps a cluster of 100,000 characters together', () => {
  const text = `e${'\u0301'.repeat(MAX - 1)}`;
  expect(analyzeText(text).reversed_text).toBe(text);
});
