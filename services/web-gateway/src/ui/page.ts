import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { escapeHtml } from '@millrace/chassis/http';
import type { SignInSettings } from '@millrace/contracts';
import type { RequestHandler } from 'express';
import { sendKept } from '../send-kept.js';

/**
 * Scripts and styles from our own files; data from this server, and from the issuer that people sign in at. No frames, and no forms that leave
 * the page.
 */
const policy = (issuer: string[]) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    ['connect-src', "'self'", ...issuer].join(' '),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

/**
 * Sends a page that ui/build.mjs has built.
 *
 * @param signIn what the page is told, if people have to sign in
 */
export function sendPage(folder: string, file: string, signIn?: SignInSettings): RequestHandler {
  const told = signIn && `<meta name="sign-in" content="${escapeHtml(JSON.stringify(signIn))}" />`;
  const kept = { type: 'html', policy: policy(signIn ? [new URL(signIn.issuer).origin] : []) };
  return async (_req, res) => {
    const body = await readFile(join(folder, file), 'utf8');
    sendKept(res, { ...kept, body: told ? body.replace('</head>', () => `${told}</head>`) : body });
  };
}
