import { AsyncResource } from 'node:async_hooks';
import { HttpProblem } from '@millrace/chassis';
import type { RequestHandler } from 'express';
import multer, { MulterError } from 'multer';

/**
 * Reads a multipart form of one `file` (into memory, `req.file`) and one `effects` field (`req.body.effects`).
 * Answers 413 over the limit, 415 when it is not a multipart form, 422 for parts too many or missing, 400 when it is broken.
 */
export function receiveUpload(maxBytes: number): RequestHandler {
  const read = multer({
    storage: multer.memoryStorage(),
    limits: {
      fileSize: maxBytes,
      files: 1,
      fields: 1,
      fieldSize: 1_000,
      fieldNameSize: 100,
      parts: 3,
      headerPairs: 20,
    },
  }).single('file');

  return (req, res, next) => {
    if (!req.is('multipart/form-data')) {
      throw new HttpProblem(415, 'Send a multipart form: curl -F "file=@photo.jpg" -F "effects=bw,blur".', {
        headers: { 'Accept-Post': 'multipart/form-data' },
      });
    }
    // The parser calls back from the stream's events, which know nothing of the request's context.
    const done = AsyncResource.bind((error?: unknown) => (error ? next(toProblem(error, maxBytes)) : next()));
    void read(req, res, done);
  };
}

function toProblem(error: unknown, maxBytes: number): unknown {
  if (!(error instanceof MulterError)) {
    // What is left comes from parsing (a missing boundary, an early end): the client's doing.
    return new HttpProblem(400, 'The multipart form is broken or ended early.', { cause: error });
  }
  if (error.code === 'LIMIT_FILE_SIZE') {
    return new HttpProblem(413, `The file is larger than ${(maxBytes / 1024 ** 2).toFixed(1)} MiB.`);
  }
  return new HttpProblem(422, 'The form must have one part called file and one called effects.', {
    errors: [{ path: error.field ?? '', message: error.message }],
  });
}
