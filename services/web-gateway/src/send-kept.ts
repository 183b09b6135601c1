import { createHash } from 'node:crypto';
import type { Response } from 'express';

/** Clients ask each time whether it is still the same: a new release is seen at once, and the old is not sent again. */
export function sendKept(res: Response, kept: { body: string; type: string; policy?: string }): void {
  const { body, type, policy } = kept;
  if (policy !== undefined) res.set('Content-Security-Policy', policy);
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  res.set({ ETag: etag, 'Cache-Control': 'no-cache' }).type(type).send(body);
}
