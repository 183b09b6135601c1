import { z } from 'zod';
import { TEXT_MAX } from './constants.js';
import { safeText } from './text.js';

/**
 * The maximum size in bytes of a JSON document with one such text, or with a text's result: six bytes for each character (`\u0001`; beyond
 * the Basic Multilingual Plane `JSON.stringify` writes four), and room for the rest of the document.
 */
export const TEXT_JSON_MAX_BYTES = 6 * TEXT_MAX + 4_096;

/** POST /analyze and, inside, text-worker's POST /process. The empty text is valid: no words, and its own reverse. */
export const analyzeRequestSchema = z.strictObject({
  text: safeText(TEXT_MAX).meta({ description: 'Any text; it can be empty.' }),
});

export const analyzeResponseSchema = z
  .object({
    processed_text: z.string().meta({
      description:
        'The number of words, split on Unicode white space, and the text reversed by user-perceived characters.',
    }),
  })
  .meta({ id: 'Analysis' });

export const textResultSchema = z.object({ word_count: z.int(), reversed_text: z.string() });

export type AnalyzeResponse = z.infer<typeof analyzeResponseSchema>;
export type TextResult = z.infer<typeof textResultSchema>;
