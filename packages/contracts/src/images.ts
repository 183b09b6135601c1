import { z } from 'zod';

export const effectSchema = z.enum(['blur', 'bw']);
const EFFECTS = effectSchema.options.join(', ');

/** The image types that a client may upload, and gets back. */
export const imageTypeSchema = z.enum(['image/jpeg', 'image/png', 'image/webp']);

/** Between two workers an image travels as Netpbm PAM, bare pixels behind a short header: nothing is lost or coded. */
export const INTERCHANGE_TYPE = 'image/x-portable-arbitrarymap';

/** `effects=bw,blur`: the workers to pass through, in this order, each at most once. */
export const effectsSchema = z
  .string(`must be a comma-separated list of: ${EFFECTS}`)
  .transform((list) => list.split(',').map((name) => name.trim()))
  .pipe(
    z
      .array(z.enum(effectSchema.options, `must be one of: ${EFFECTS}`))
      .refine((list) => new Set(list).size === list.length, 'must not name an effect twice'),
  );

/** What one worker did: `ms` is the whole hop as its caller saw it, waiting included. */
export const hopSchema = z.object({ effect: effectSchema, pod: z.string(), ms: z.number() });

export const uploadResponseSchema = z.object({
  id: z.uuid(),
  applied_effects: z.array(effectSchema),
  /** The worker replica that applied the last effect. */
  processed_by_pod: z.string(),
  view_url: z.string(),
  hops: z.array(hopSchema),
});

export type Effect = z.infer<typeof effectSchema>;
export type ImageType = z.infer<typeof imageTypeSchema>;
export type Hop = z.infer<typeof hopSchema>;
export type UploadResponse = z.infer<typeof uploadResponseSchema>;
