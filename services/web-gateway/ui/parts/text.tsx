/** White space, format characters, combining marks alone, and letters without a glyph. */
const INVISIBLE = /^[\s\p{C}\p{M}\u115F\u1160\u2800\u3164\uFFA0]*$/u;
/** They change the direction of the text around them. */
const DIRECTION_MARKS = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;

/**
 * Shortens text that people wrote, to show it as a name or in a sentence. The result is never invisible.
 *
 * @param most the maximum length in UTF-16 code units
 */
export function excerpt(text: string, most: number): string {
  if (INVISIBLE.test(text.slice(0, most))) return '(invisible characters)';
  const plain = text.slice(0, 2 * most).replace(DIRECTION_MARKS, '');
  return plain.length > most
    ? `${plain
        .slice(0, most - 1)
        .toWellFormed()
        .replace(/\uFFFD$/, '')}…`
    : plain;
}
