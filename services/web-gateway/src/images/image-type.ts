import { HttpProblem } from '@millrace/chassis/http';
import { type ImageType, imageTypeSchema, mediaTypeOf } from '@millrace/contracts';

/**
 * Detects the type of an image by its first bytes, regardless of its name.
 *
 * @param what the input is called in the message
 * @throws HttpProblem 415 that names the actual type, and the supported ones
 */
export function imageTypeOf(bytes: Buffer, what: 'file' | 'body'): ImageType {
  const found = mediaTypeOf(bytes);
  const type = imageTypeSchema.safeParse(found).data;
  if (type) return type;
  const wrong = found ? `${found}, which is not supported` : 'not a supported image';
  throw new HttpProblem(415, `The ${what} is ${wrong}. Send one of: ${TYPES}.`);
}

const TYPES = imageTypeSchema.options.join(', ');
