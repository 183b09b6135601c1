import type { TextResult } from '@millrace/contracts';
import { clustersByPart } from './grapheme-clusters.js';
import { createTurns } from './turns.js';

const turns = createTurns(5);

/**
 * Counts words (runs of anything but Unicode white space) and reverses the text by grapheme cluster, so that what a reader sees as one
 * character (an accented letter, a flag, a family) stays intact. The work is proportional to the length of the text, whatever it contains.
 */
export function countAndReverse(text: string): Promise<TextResult> {
  return turns.run(analyze(text));
}

function* analyze(text: string): Generator<void, TextResult> {
  const reversedParts: string[] = [];
  for (const clusters of clustersByPart(text)) {
    // A text of a single part is done in one step.
    if (reversedParts.length > 0) yield;
    // Joined at once: the clusters of many texts at the same time would take too much memory.
    reversedParts.push(clusters.reverse().join(''));
  }
  return { word_count: countWords(text), reversed_text: reversedParts.reverse().join('') };
}

function countWords(text: string): number {
  const word = /\P{White_Space}+/gu;
  let count = 0;
  while (word.test(text)) count += 1;
  return count;
}
