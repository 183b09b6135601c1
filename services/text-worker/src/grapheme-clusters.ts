const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * How many UTF-16 code units are segmented at a time. V8 copies the whole text for every segment: 100,000 characters take 4 s at once, and
 * 0.05 s in parts.
 */
const PART_LENGTH = 256;

/**
 * What may share a cluster with another character: line ends, marks, format characters, the parts of Hangul syllables, the few letters that
 * count as marks, and everything beyond the first 65,536 characters. Without any of them, which is true of most text, each code unit is a
 * cluster.
 */
const JOINER =
  /\r\n|[\p{M}\p{Cf}\u0d4e\u0e33\u0eb3\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff\uff9e\uff9f\u{10000}-\u{10ffff}]/u;

/**
 * The grapheme clusters (Unicode, UAX #29) of well-formed text, a few at a time: each step is short, and the total time is proportional to
 * the length of the text.
 */
export function* clustersByPart(text: string): Generator<string[], void> {
  for (let start = 0; start < text.length;) {
    const part = wellFormedPart(text, start, PART_LENGTH);
    const clusters = clustersOf(part);
    let end = start + part.length;
    if (end < text.length) {
      // The last cluster may continue in the next part, so that part begins with it: at a true boundary, as required.
      end -= clusters.pop()!.length;
      if (end === start) {
        const cluster = longCluster(text, start);
        clusters.push(cluster);
        end += cluster.length;
      }
    }
    yield clusters;
    start = end;
  }
}

function clustersOf(part: string): string[] {
  if (!JOINER.test(part)) return part.split('');
  return Array.from(graphemes.segment(part), ({ segment }) => segment);
}

/** The single cluster at `start`, which is longer than a part: only its end is searched for, in twice as much text each time. */
function longCluster(text: string, start: number): string {
  for (let length = 2 * PART_LENGTH; ; length *= 2) {
    const part = wellFormedPart(text, start, length);
    const { segment } = graphemes.segment(part).containing(0)!;
    if (segment.length < part.length || start + part.length >= text.length) return segment;
  }
}

/** `length` code units of the text from `start`, plus one where a character would be cut in two. */
function wellFormedPart(text: string, start: number, length: number): string {
  const part = text.slice(start, start + length);
  return part.isWellFormed() ? part : text.slice(start, start + length + 1);
}
