import type { TextResult } from '@millrace/contracts';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * Counts words (runs of anything but Unicode white space) and reverses the text by grapheme cluster, so that what a
 * reader sees as one character (an accented letter, a flag, a family) stays one.
 */
export function analyzeText(text: string): TextResult {
  return {
    word_count: text.match(/\P{White_Space}+/gu)?.length ?? 0,
    reversed_text: Array.from(graphemes.segment(text), ({ segment }) => segment)
      .reverse()
      .join(''),
  };
}
