import { z } from 'zod';

/**
 * Text that PostgreSQL, JSON and UTF-8 can all carry: no NUL character (PostgreSQL refuses it), no lone surrogates (UTF-8 has none).
 *
 * @param max the maximum number of characters: Unicode code points, as JSON Schema counts them
 */
export function safeText(max: number) {
  return z
    .string()
    .max(max, `must have at most ${max} characters`)
    .refine((text) => !text.includes('\u0000'), 'must not contain a NUL character')
    .refine((text) => text.isWellFormed(), 'must be well-formed Unicode (it has a lone surrogate)');
}

/**
 * A visible character: not white space, not a control character, not one that Unicode allows to be hidden (zero-width spaces, direction
 * marks, Hangul fillers, tags, …), and not one that is blank by design, of which Braille, hieroglyphs, Khitan and music have some.
 */
const VISIBLE =
  /[^\p{White_Space}\p{Cc}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u{16fe4}\ufff9-\ufffb\u2800\u{13441}\u{13442}\u{1d159}]/u;

/** `safeText` with at least one visible character. */
export function nonBlankText(max: number) {
  return matching(safeText(max), VISIBLE, 'must not be empty');
}

/** `schema.regex`, described in the JSON Schema syntax for patterns: without slashes and flags, which the OpenAPI generator would leave in. */
export function matching(
  schema: z.ZodString,
  pattern: RegExp,
  error: string | { error: string; abort: true },
) {
  return schema.regex(pattern, error).meta({ pattern: pattern.source });
}
