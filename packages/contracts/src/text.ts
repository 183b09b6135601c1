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

/** `safeText` that says something: at least one character that is not white space. */
export function nonBlankText(max: number) {
  return safeText(max).regex(/\S/, 'must not be empty');
}
