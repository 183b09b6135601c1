import { z } from 'zod';

/**
 * Text that PostgreSQL, JSON and UTF-8 can all carry: no NUL character (PostgreSQL refuses it), no lone surrogate (UTF-8 has none).
 *
 * @param max the most characters it may have: Unicode code points, as JSON Schema counts them
 */
export function safeText(max: number) {
  return z
    .string()
    .max(max, `must have at most ${max} characters`)
    .refine((text) => !text.includes('\u0000'), 'must not contain a NUL character')
    .refine((text) => text.isWellFormed(), 'must be well-formed Unicode (it has a lone surrogate)');
}

/**
 * A character that leaves a mark on a screen: no white space, no control character, nothing that Unicode says need not be shown
 * (zero-width spaces, marks of direction, fillers of Hangul, tags, …), and none that is blank by design, as Braille, hieroglyphs,
 * Khitan and music have.
 */
const VISIBLE =
  /[^\p{White_Space}\p{Cc}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u{16fe4}\ufff9-\ufffb\u2800\u{13441}\u{13442}\u{1d159}]/u;

/** `safeText` that says something: at least one character that can be seen. */
export function nonBlankText(max: number) {
  return matching(safeText(max), VISIBLE, 'must not be empty');
}

/** `schema.regex`, described as JSON Schema has patterns: without slashes and flags, which the OpenAPI generator would leave in. */
export function matching(
  schema: z.ZodString,
  pattern: RegExp,
  error: string | { error: string; abort: true },
) {
  return schema.regex(pattern, error).meta({ pattern: pattern.source });
}
