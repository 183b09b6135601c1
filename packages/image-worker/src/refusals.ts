import { HttpProblem } from '@millrace/chassis/http';

/** 422 in our own words: those of the decoder are of no use to a client, and go into the log as the cause. */
export function damaged(cause?: unknown): HttpProblem {
  return new HttpProblem(422, 'The image cannot be read: it is damaged or truncated.', { cause });
}

/** 422 for a file that is built to be expensive, or might as well be. @param detail what there is too much of */
export function tooComplex(detail: string): HttpProblem {
  return new HttpProblem(422, `${detail} Save it again in an image editor and send the result.`);
}
