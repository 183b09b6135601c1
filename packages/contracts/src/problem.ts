import { z } from 'zod';

/** One thing wrong with the input: where (`title`, `effects.1`; empty for the whole body) and what. */
export const inputErrorSchema = z.object({ path: z.string(), message: z.string() });

/** An error answer: RFC 9457 `application/problem+json`. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  request_id: z.string(),
  errors: z.array(inputErrorSchema).optional(),
});

export type InputError = z.infer<typeof inputErrorSchema>;
export type Problem = z.infer<typeof problemSchema>;
