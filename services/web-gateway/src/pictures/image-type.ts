import { HttpProblem } from '@millrace/chassis/http';
import { type ImageType, imageTypeSchema, mediaTypeOf } from '@millrace/contracts';

/**
 * What an image really is, by its first bytes, whatever it is called.
 *
 * @param what is looked at, for the message
 * @throws HttpProblem 415 that names what it is instead, and what is possible
 */
export function imageTypeOf(bytes: Buffer, what: 'file' | 'body'): ImageType {
  const found = mediaTypeOf(bytes);
  const type = imageTypeSchema.safeParse(found).data;
  if (type) return type;
  throw new HttpProblem(
    415,
    `The ${what} is ${found ? `${found}, ` : ''}not an image of a type that is taken: ${TYPES}.`,
  );
}

const TYPES = imageTypeSchema.options.join(', ');
