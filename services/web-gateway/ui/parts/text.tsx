/** White space, format characters, combining marks alone, and letters that are drawn as nothing. */
const INVISIBLE = /^[\s\p{C}\p{M}\u115F\u1160\u2800\u3164\uFFA0]*$/u;
/** They turn round what stands around them. */
const DIRECTION_MARKS = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;

/**
 * Text that people wrote, as part of a sentence or a name: so much of it that one knows what is meant, and always something to be seen.
 *
 * @param most how many characters (UTF-16 code units)
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
