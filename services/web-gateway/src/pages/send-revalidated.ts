import { createHash } from 'node:crypto';
import type { Response } from 'express';

/** Clients revalidate each time: they see a new release at once, and only download what has changed. */
export function sendRevalidated(
  res: Response,
  answer: { body: string; type: string; policy?: string },
): void {
  const { body, type, policy } = answer;
  if (policy !== undefined) res.set('Content-Security-Policy', policy);
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  res.set({ ETag: etag, 'Cache-Control': 'no-cache' }).type(type).send(body);
}
