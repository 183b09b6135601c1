import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RequestHandler } from 'express';
import { sendKept } from '../send-kept.js';

/** Scripts and styles from our own files; data from this server. No frames, and no forms that leave the page. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Sends a page that ui/build.mjs has built. */
export function sendPage(folder: string, file: string): RequestHandler {
  return async (_req, res) => {
    const body = await readFile(join(folder, file), 'utf8');
    sendKept(res, { body, type: 'html', policy: POLICY });
  };
}
