import { z } from 'zod';

/** Limits that keep an error response small, whatever the input: the number of errors it lists, and the length of each path and message. */
export const INPUT_ERRORS_MAX = 20;
export const INPUT_ERROR_PATH_MAX = 200;
export const INPUT_ERROR_MESSAGE_MAX = 500;

/** One error in the input: where (`title`, `effects.1`; empty for the whole body) and what. */
export const inputErrorSchema = z.object({
  path: z.string().max(INPUT_ERROR_PATH_MAX).meta({
    description:
      'Such as `title` or `effects.1`; empty for the input as a whole. Longer paths are truncated and end with `…`.',
  }),
  message: z.string().max(INPUT_ERROR_MESSAGE_MAX),
});

/** An error response: RFC 9457 `application/problem+json`. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string().meta({ description: 'The name of the HTTP status.' }),
    status: z.int(),
    detail: z.string().meta({ description: 'What is wrong with this request, and how to fix it.' }),
    request_id: z
      .string()
      .meta({ description: 'Identifies the request in all logs; same as the `X-Request-Id` header.' }),
    work_begun: z.boolean().optional().meta({
      description:
        'Only on a 503. `false`: nothing has been done, so it is safe to retry. `true`: the request may have taken effect; check before you retry, or use an Idempotency-Key.',
    }),
    errors: z
      .array(inputErrorSchema)
      .max(INPUT_ERRORS_MAX)
      .optional()
      .meta({
        description: `The first ${INPUT_ERRORS_MAX} errors in the input. If there are more, \`detail\` says how many.`,
      }),
  })
  .meta({
    id: 'Problem',
    description: 'An error in the problem details format (RFC 9457).',
    example: {
      type: 'about:blank',
      title: 'Unprocessable Entity',
      status: 422,
      detail: 'The request body is invalid.',
      request_id: '58bb4efa65e70fcd4ea23c0df9d2041c',
      errors: [
        { path: 'name', message: 'must not be empty' },
        { path: 'email', message: 'must be an email address, such as alice@example.com' },
      ],
    },
  });

export type InputError = z.infer<typeof inputErrorSchema>;
export type Problem = z.infer<typeof problemSchema>;
