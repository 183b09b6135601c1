import { z } from 'zod';
import { LAB_CONCURRENCY, LAB_REQUESTS } from './constants.js';
import { effectSchema } from './images.js';

/** POST /lab/runs?…: the same image again and again, to see how the effect workers scale. The body is the image. */
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

/** A worker has begun a request. */
const begunSchema = z.object({ event: z.literal('begun'), request, at_ms: time });
/** A request has ended. */
const doneSchema = z.object({
  event: z.literal('done'),
  request,
  sent_ms: time,
  /** When it stopped waiting for a free worker; null if none took it. */
  begun_ms: time.nullable(),
  ended_ms: time,
  status: z.int(),
  pod: z.string().nullable(),
  error: z.string().nullable(),
});
/** The last line; if it is missing, the run was interrupted. */
const endSchema = z.object({ event: z.literal('end'), ms: time });

/** A line in the response of a run. */
export const labEventSchema = z.discriminatedUnion('event', [begunSchema, doneSchema, endSchema]);

export type LabRunQuery = z.infer<typeof labRunQuerySchema>;
export type LabRequest = z.infer<typeof doneSchema>;
export type LabEvent = z.infer<typeof labEventSchema>;
