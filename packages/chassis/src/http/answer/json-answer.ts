import { response, type Response } from 'express';

/** Longer ones are sent by Express. */
const SMALL_CHARACTERS = 1_000;

/**
 * A faster `res.json` for the usual small response, with the same bytes; Express looks up the content type four times and parses it
 * twice. Conditional requests, other statuses and responses with their own headers are left to Express.
 */
export function quickJson(this: Response, body: unknown): Response {
  const text = isUsual(this) ? (JSON.stringify(body) as string | undefined) : undefined;
  if (text === undefined || text.length >= SMALL_CHARACTERS) return response.json.call(this, body);
  this.setHeader('Content-Type', 'application/json; charset=utf-8');
  this.setHeader('Content-Length', Buffer.byteLength(text));
  return this.end(text, 'utf8');
}

const WITHOUT_BODY = new Set([204, 205, 304]);

function isUsual(res: Response): boolean {
  const { method, headers } = res.req;
  return (
    method !== 'HEAD' &&
    headers['if-none-match'] === undefined &&
    headers['if-modified-since'] === undefined &&
    !WITHOUT_BODY.has(res.statusCode) &&
    !res.hasHeader('Content-Type') &&
    !res.hasHeader('Transfer-Encoding')
  );
}
