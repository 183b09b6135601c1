import { z } from 'zod';

/**
 * Text that PostgreSQL, JSON and UTF-8 can all carry: no NUL character (PostgreSQL refuses it), no lone surrogate (UTF-8 has none).
 *
 * @param max the most UTF-16 code units it may have
 */
export function safeText(max: number) {
  return z
    .string()
    .max(max, `must have at most ${max} characters`)
    .refine((text) => !text.includes('\u0000'), 'must not contain a NUL character')
    .refine((text) => text.isWellFormed(), 'must be well-formed Unicode (it has a lone surrogate)');
}

/**
 * What leaves no mark on a screen, to stand in a regular expression's brackets: white space, control characters, what Unicode says
 * need not be shown (zero-width spaces, marks of direction, fillers of Hangul, tags, …), and characters that are blank by design: of
 * Braille, hieroglyphs, Khitan and music.
 */
export const INVISIBLE =
  '\\p{White_Space}\\p{Cc}\\p{Default_Ignorable_Code_Point}\\p{Noncharacter_Code_Point}\\u{16fe4}\\ufff9-\\ufffb\\u2800\\u{13441}\\u{13442}\\u{1d159}';

const VISIBLE = new RegExp(`[^${INVISIBLE}]`, 'u');

/** `safeText` that says something: at least one character that can be seen. */
export function nonBlankText(max: number) {
  return safeText(max).regex(VISIBLE, 'must not be empty');
}
