import { z } from 'zod';
import { EFFECTS, IMAGE_TYPES } from './constants.js';

export const effectSchema = z.enum(EFFECTS);
const LISTED = EFFECTS.join(', ');

export const imageTypeSchema = z.enum(IMAGE_TYPES);

/** Between two workers an image travels as Netpbm PAM, the raw pixels after a short header: nothing is lost, and nothing needs encoding. */
export const INTERCHANGE_TYPE = 'image/x-portable-arbitrarymap';

/** `effects=bw,blur`: the workers to pass through, in this order, each at most once. */
export const effectsSchema = z
  .string(`must be a comma-separated list of: ${LISTED}`)
  .transform((list) => list.split(',').map((name) => name.trim()))
  .pipe(
    z
      .array(z.enum(EFFECTS, `must be one of: ${LISTED}`))
      .refine((list) => new Set(list).size === list.length, 'must not contain an effect twice'),
  )
  .meta({
    description: `The effects to apply, in this order, each at most once, separated by commas: ${LISTED}.`,
    example: 'bw,blur',
  });

/** What one worker did: `ms` is the duration of the whole hop as its caller saw it, including waiting. */
export const hopSchema = z.object({
  effect: effectSchema,
  pod: z.string().meta({ description: 'The worker replica that applied it.' }),
  ms: z.number().meta({ description: 'The duration of the whole hop in milliseconds, including waiting.' }),
});

/** Of an animation, the first frame is used: the result is a still image. */
const framesSchema = z
  .object({
    in: z.int().min(2).meta({ description: 'How many frames the animation has.' }),
    used: z.literal(1).meta({ description: 'How many of them are in the result: only the first.' }),
  })
  .meta({ description: 'Only for an animation (WebP, APNG), which becomes a still image.' });

export const uploadResponseSchema = z
  .object({
    id: z.uuid(),
    applied_effects: z.array(effectSchema),
    processed_by_pod: z.string().meta({ description: 'The worker replica that applied the last effect.' }),
    view_url: z.string().meta({ description: 'The URL of the finished image.' }),
    hops: z.array(hopSchema).meta({ description: 'What each worker did, in order.' }),
    frames: framesSchema.optional(),
  })
  .meta({ id: 'ProcessedImage' });

export type Effect = z.infer<typeof effectSchema>;
export type ImageType = z.infer<typeof imageTypeSchema>;
export type Hop = z.infer<typeof hopSchema>;
export type UploadResponse = z.infer<typeof uploadResponseSchema>;
