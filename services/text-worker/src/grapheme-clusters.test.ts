import { drawSeed, makeRandom } from '../../../tests/api/random.js';
import { clustersByPart } from './grapheme-clusters.js';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** The whole text at once: correct by definition, and slow. */
const reference = (text: string) => Array.from(graphemes.segment(text), ({ segment }) => segment);
const clusters = (text: string) => [...clustersByPart(text)].flat();

const MARK = '\u0301';
const ZWJ = '\u200d';

it.each([
  ['flags', '🇨🇭'.repeat(600)],
  ['flags behind half a flag', `🇨${'🇨🇭'.repeat(600)}`],
  ['flags behind a letter', `a${'🇨🇭'.repeat(600)}`],
  ['emoji families', '👨‍👩‍👧'.repeat(200)],
  ['emoji in one chain of joiners', `👩${ZWJ}`.repeat(500)],
  ['skin tones', '👍🏽'.repeat(400)],
  ['Hangul letters', '\u1112\u1161\u11ab'.repeat(500)],
  ['Hangul letters that all begin a syllable', '\u1112'.repeat(1_500)],
  ['Hangul syllables and ends', '한\u11ab'.repeat(700)],
  ['one Indic conjunct', 'क्'.repeat(700)],
  ['Windows line ends', '\r\n'.repeat(700)],
  ['a Windows line end across two parts', `${'x'.repeat(255)}\r\n${'x'.repeat(300)}`],
  ['a mark behind a whole part of letters', `${'x'.repeat(256)}${MARK}x`],
  ['a mark behind a whole part of emoji', `${'😀'.repeat(128)}${MARK}x`],
  ['variation selectors', `☀${'\ufe0f'.repeat(1_000)}☀`],
  ['characters that go before another', `${'\u0600'.repeat(1_000)}1`],
  ['a cluster exactly as long as a part', `a${MARK.repeat(255)}`.repeat(4)],
  ['clusters one longer than a part', `a${MARK.repeat(256)}`.repeat(4)],
  ['clusters of many lengths', [1, 254, 255, 256, 511, 512, 1_500].map((n) => `a${MARK.repeat(n)}`).join('')],
  ['marks alone', MARK.repeat(1_500)],
  ['the empty text', ''],
])('finds the clusters of %s', (_what, text) => {
  // With one more character in front, every cluster moves to another place within the parts.
  for (const first of ['', 'x', 'xy', '水']) expect(clusters(first + text)).toEqual(reference(first + text));
});

const SEED = drawSeed();
it(`finds the clusters of random texts (FUZZ_SEED=${SEED})`, () => {
  const random = makeRandom(SEED);
  const below = (end: number) => Math.floor(random() * end);
  const units = [
    ...['a', ' ', '\r', '\n', '\r\n', '\u00ad', '©', 'é', '水', 'ﾊﾞ', '한', '\u1100', '\u1161', '\u11a8'],
    ...[MARK, '\u0903', '\u0e33', '\u20dd', '\ufe0f', ZWJ, '\u200c', '\u200b', '\u0600', '\u0d4e', 'क', '्'],
    ...['😀', '👩', '🏽', '🇨', '🇭', '❤', '\u{e0067}', '\u{110bd}', '\u{1f3f4}'],
  ];
  for (let round = 0; round < 150; round += 1) {
    const few = Array.from({ length: 1 + below(6) }, () => units[below(units.length)]!);
    let text = '';
    while (text.length < 1_200) {
      const unit = few[below(few.length)]!;
      // Now and then a long run, so that clusters extend beyond the ends of parts.
      text += unit.repeat(random() < 0.02 ? below(400) : 1);
    }
    expect(clusters(text)).toEqual(reference(text));
  }
});

it('skips the segmenter only for characters that never combine', () => {
  const joined: string[] = [];
  for (let code = 0; code < 0x10000; code += 1) {
    const character = String.fromCharCode(code);
    if (!character.isWellFormed()) continue;
    // With a letter, a Hangul syllable, an Indic consonant and an emoji before and after it.
    const text = ['a', '각', 'क', '©'].map((other) => other + character + other).join('');
    if (clusters(text).length !== reference(text).length) joined.push(code.toString(16));
  }
  expect(joined).toEqual([]);
});
