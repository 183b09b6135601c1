import { setImmediate as nextTurn } from 'node:timers/promises';
import { TEXT_MAX } from '@millrace/contracts';
import { countAndReverse } from './count-and-reverse.js';

/** The length in characters, each of which has one or two code units. */
const MAX = TEXT_MAX;
const MARK = '\u0301';

/** The longest text that consists of these characters. */
const full = (unit: string) => unit.repeat(Math.floor(MAX / Array.from(unit).length));

it.each([
  ['words', 'ab ', ' ba'],
  ['emoji families', '👨‍👩‍👧'],
  ['thumbs with a skin tone', '👍🏽'],
  ['flags', '🇨🇭'],
  ['accented letters', 'e\u0301'],
  ['line ends', '\r\n'],
])('reverses the longest text of %s', async (_case, unit, reversed = unit) => {
  // With one more character in front, every cluster moves to another place within the parts.
  for (const first of ['', 'x', 'xy', 'xyz']) {
    const count = Math.floor((MAX - first.length) / Array.from(unit).length);
    const { reversed_text } = await countAndReverse(first + unit.repeat(count));
    expect(reversed_text).toBe(reversed.repeat(count) + Array.from(first).reverse().join(''));
  }
});

it('keeps a cluster of 100,000 characters together', async () => {
  const text = `e${MARK.repeat(MAX - 1)}`;
  expect((await countAndReverse(text)).reversed_text).toBe(text);
});

it.each([
  ['the longest text', full('a '), MAX / 2],
  ['white space alone', full('\u3000'), 0],
  ['one word', full('a'), 1],
])('counts the words of %s', async (_case, text, count) => {
  expect((await countAndReverse(text)).word_count).toBe(count);
});

/** CPU time, so that other processes on the machine do not count. */
async function cpuMs(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

const hostile: [string, string][] = [
  ['a letter, 64,000 marks, and 36,000 letters', `a${MARK.repeat(64_000)}${'a'.repeat(35_999)}`],
  ['marks, then letters that each have one', `a${MARK.repeat(50_000)}${'e\u0301'.repeat(24_999)}`],
  ['clusters a little longer than a part', full(`a${MARK.repeat(256)}`)],
  ['clusters of 20,000 characters', full(`a${MARK.repeat(19_999)}`)],
  ['marks alone', full(MARK)],
  ['one chain of emoji and joiners', full('👩\u200d')],
  ['Hangul letters that all begin a syllable', full('\u1112')],
  ['Hangul letters that never make a syllable', full('\u11a8\u1100')],
  ['one Indic conjunct', full('क्')],
  ['characters that go before another', full('\u0600')],
  ['one mark a part', full(`${'水'.repeat(254)}${MARK}`)],
  ['half flags', full('🇨')],
  ['emoji that each have a mark', full(`😀${MARK}`)],
  ['emoji', full('😀')],
  ['marks of two code units', full('\u{e0020}')],
  ['variation selectors', full('☀\ufe0f\ufe0f')],
];

// Quadratic work on a cluster takes hundreds of times as long; a busy machine, a few times.
it.each(hostile)('takes about as long for %s as for any other text', async (_case, text) => {
  const cost = await cpuMs(() => countAndReverse(text));
  const ordinary = await cpuMs(() => countAndReverse(full('สวัสดี')));
  expect(cost).toBeLessThan(25 * ordinary);
});

it('does not block the event loop with twenty of the longest texts at once', async () => {
  const texts = Array.from({ length: 20 }, (_, index) => hostile[index % hostile.length]![1]);
  let left = texts.length;
  const all = texts.map((text) => countAndReverse(text).finally(() => (left -= 1)));
  const turns: number[] = [];
  while (left > 0) turns.push(await cpuMs(() => nextTurn()));
  await Promise.all(all);
  expect(turns.length).toBeGreaterThan(20);
  // A garbage collection is one of them, too.
  expect(Math.max(...turns)).toBeLessThan(300);
});
