import type { TextResult } from '@millrace/contracts';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * How many UTF-16 code units are segmented at a time. V8 copies the whole text for every segment of it: 100,000
 * characters at once take 4 s, part by part 0.1 s.
 */
const PART_LENGTH = 500;

/**
 * Counts words (runs of anything but Unicode white space) and reverses the text by grapheme cluster, so that what a
 * reader sees as one character (an accented letter, a flag, a family) stays one.
 */
export function analyzeText(text: string): TextResult {
  return {
    word_count: text.match(/\P{White_Space}+/gu)?.length ?? 0,
    reversed_text: splitGraphemes(text).reverse().join(''),
  };
}

function splitGraphemes(text: string): string[] {
  const clusters: string[] = [];
  let length = PART_LENGTH;
  for (let start = 0; start < text.length;) {
    const part = wellFormedPart(text, start, start + length);
    const found = Array.from(graphemes.segment(part), ({ segment }) => segment);
    // The last cluster may go on in the next part, so that part begins with it: at a true boundary, as it must.
    const last = start + part.length < text.length ? found.pop()! : '';
    clusters.push(...found);
    start += part.length - last.length;
    length = found.length > 0 ? PART_LENGTH : length * 2;
  }
  return clusters;
}

/** `text.slice(start, end)`, one longer where it would cut a character in two. */
function wellFormedPart(text: string, start: number, end: number): string {
  const part = text.slice(start, end);
  return part.isWellFormed() ? part : text.slice(start, end + 1);
}
