import { isUtf8 } from 'node:buffer';
import express, { type RequestHandler } from 'express';
import { HttpProblem } from './http-problem.js';

export const JSON_BODY_LIMIT_BYTES = 512 * 1024;

const parseJson: RequestHandler = express.json({
  limit: JSON_BODY_LIMIT_BYTES,
  strict: false,
  type: ['application/json', 'application/*+json'],
  verify: (_req, _res, bytes, charset) => {
    if (charset === 'utf-8' && !isUtf8(bytes)) throw new HttpProblem(400, 'The body is not valid UTF-8.');
  },
});

/** Reads a JSON body of at most 512 KiB. Answers 415 to another content type, 413 to a larger one, 400 to broken JSON. */
export const jsonBody: RequestHandler = (req, res, next) => {
  // Nginx says so of an empty chunked body. The parser would make it {}, as if something had been sent.
  if (req.get('content-length') === '0') {
    next();
    return;
  }
  // null: there is no body at all; then it is the schema's to say what is missing.
  if (req.is(['application/json', 'application/*+json']) === false) {
    throw new HttpProblem(415, 'Send JSON, with the header Content-Type: application/json.', {
      headers: { 'Accept-Post': 'application/json' },
    });
  }
  parseJson(req, res, next);
};
