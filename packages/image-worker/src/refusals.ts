import { HttpProblem } from '@millrace/chassis/http';

/** 422 in our own words: the decoder's are of no use to a client, and are logged as the cause. */
export function damaged(cause?: unknown): HttpProblem {
  return new HttpProblem(422, 'The image cannot be read: it is damaged or truncated.', { cause });
}

/** 422 for a file that is built to be expensive, or looks like it. @param detail what there is too much of */
export function tooComplex(detail: string): HttpProblem {
  return new HttpProblem(422, `${detail} Save it again in an image editor and send the result.`);
}
