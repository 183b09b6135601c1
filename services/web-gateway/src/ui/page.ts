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

/**
 * Sends a page that ui/build.mjs has built.
 *
 * @param settings what the page has to know of the server, each as a `<meta>`. Default: none
 */
export function sendPage(
  folder: string,
  file: string,
  settings: Record<string, string> = {},
): RequestHandler {
  const metas = Object.entries(settings).map(
    ([name, content]) => `<meta name="${name}" content="${escapeAttribute(content)}" />\n    `,
  );
  return async (_req, res) => {
    const page = await readFile(join(folder, file), 'utf8');
    const body = page.replace('<title>', () => `${metas.join('')}<title>`);
    sendKept(res, { body, type: 'html', policy: POLICY });
  };
}

function escapeAttribute(text: string): string {
  return text.replace(/[&"<]/g, (character) => `&#${character.charCodeAt(0)};`);
}
