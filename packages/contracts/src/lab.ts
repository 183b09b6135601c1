import { z } from 'zod';
import { LAB_CONCURRENCY, LAB_REQUESTS } from './constants.js';
import { effectSchema } from './images.js';

/** POST /lab/runs?…: the same image again and again, to see how the effect workers scale. The image is the body. */
export const labRunQuerySchema = z.strictObject({
  effect: effectSchema,
  requests: z.coerce
    .number()
    .int()
    .min(1)
    .max(LAB_REQUESTS.max)
    .default(LAB_REQUESTS.default)
    .meta({ description: 'The number of times to apply the effect.' }),
  concurrency: z.coerce
    .number()
    .int()
    .min(1)
    .max(LAB_CONCURRENCY.max)
    .default(LAB_CONCURRENCY.default)
    .meta({ description: 'The number of requests in flight at once, including waiting ones.' }),
});

const request = z.int().meta({ description: 'The number of the request, from 1.' });
const time = z.int().meta({ description: 'Milliseconds since the run began.' });

/** A worker has taken a request. */
const begunSchema = z.object({ event: z.literal('begun'), request, at_ms: time });
/** A request is over. */
const doneSchema = z.object({
  event: z.literal('done'),
  request,
  sent_ms: time,
  /** Until then it waited for a free worker; null: none took it. */
  begun_ms: time.nullable(),
  ended_ms: time,
  status: z.int(),
  pod: z.string().nullable(),
  error: z.string().nullable(),
});
/** The last line; without it, the run broke off. */
const endSchema = z.object({ event: z.literal('end'), ms: time });

/** A line of a run's answer. */
export const labEventSchema = z.discriminatedUnion('event', [begunSchema, doneSchema, endSchema]);

export type LabRunQuery = z.infer<typeof labRunQuerySchema>;
export type LabRequest = z.infer<typeof doneSchema>;
export type LabEvent = z.infer<typeof labEventSchema>;
