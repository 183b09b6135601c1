import { createHash } from 'node:crypto';
import type { Response } from 'express';

/** Clients check each time whether it has changed: they see a new release at once, and download only what is new. */
export function sendKept(res: Response, kept: { body: string; type: string; policy?: string }): void {
  const { body, type, policy } = kept;
  if (policy !== undefined) res.set('Content-Security-Policy', policy);
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  res.set({ ETag: etag, 'Cache-Control': 'no-cache' }).type(type).send(body);
}
