import { HttpProblem } from '@millrace/chassis/http';
import type { Request, Response } from 'express';
import multer, { MulterError, type StorageEngine } from 'multer';

/**
 * Reads a multipart form of one `file` and one `effects` field (`req.body.effects`).
 *
 * @param maxBytes the largest file
 * @returns a function that resolves to the file, to which there is no other reference; undefined when there is none. It rejects with
 *   HttpProblem 413 over the limit, 415 when it is not a multipart form, 422 when there are too many parts or some are missing, 400 when it
 *   is malformed
 */
export function receiveUpload(
  maxBytes: number,
): (req: Request, res: Response) => Promise<Buffer | undefined> {
  // Not in the request: a kept-alive connection keeps its last request, and so each one would keep an image.
  const files = new WeakMap<object, Buffer>();
  const read = multer({
    storage: intoOneBuffer(maxBytes, files),
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

  return (req, res) => {
    if (!req.is('multipart/form-data')) {
      throw new HttpProblem(415, 'Send a multipart form: curl -F "file=@photo.jpg" -F "effects=bw,blur".', {
        headers: { 'Accept-Post': 'multipart/form-data' },
      });
    }
    return new Promise<Buffer | undefined>((resolve, reject) => {
      const done = (error?: unknown) => {
        const file = files.get(req);
        files.delete(req);
        if (error === undefined || error === null) resolve(file);
        else reject(toProblem(error, maxBytes));
      };
      read(req, res, done);
    });
  };
}

/** Multer's own memory storage collects parts and joins them at the end, so that a file is briefly in memory twice. */
function intoOneBuffer(maxBytes: number, files: WeakMap<object, Buffer>): StorageEngine {
  return {
    _handleFile(req, { stream }, callback) {
      const length = Number(req.get('content-length') ?? Infinity);
      let room: Buffer | undefined = Buffer.allocUnsafeSlow(Math.min(length, maxBytes));
      let end = 0;
      stream.on('data', (part: Buffer) => (end += room ? part.copy(room, end) : 0));
      stream.once('error', (error) => {
        room = undefined;
        callback(error);
      });
      stream.once('end', () => {
        if (room) files.set(req, room.subarray(0, end));
        room = undefined;
        callback(null, { size: end });
      });
    },
    _removeFile: (_req, _file, callback) => callback(null),
  };
}

function toProblem(error: unknown, maxBytes: number): Error {
  if (error instanceof HttpProblem) return error;
  if (!(error instanceof MulterError)) {
    // What remains are parse errors (a missing boundary, an early end): the client's fault.
    return new HttpProblem(400, 'The multipart form is malformed or incomplete.', { cause: error });
  }
  if (error.code === 'LIMIT_FILE_SIZE') {
    return new HttpProblem(413, `The file is larger than ${(maxBytes / 1024 ** 2).toFixed(1)} MiB.`);
  }
  return new HttpProblem(422, 'The form must have one part called file and one called effects.', {
    errors: [{ path: error.field ?? '', message: error.message }],
  });
}
