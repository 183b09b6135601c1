import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { escapeHtml } from '@millrace/chassis/http';
import type { SignInSettings } from '@millrace/contracts';
import type { RequestHandler } from 'express';
import { sendRevalidated } from './send-revalidated.js';

/**
 * Scripts and styles from our own files; data from this server, and from the issuer where users sign in. No frames, and no forms that leave
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

export interface PageSettings {
  /** How it signs users in; undefined without sign-in. */
  signIn?: SignInSettings | undefined;
  /** Where people can see traces in Jaeger, if anywhere; undefined when there are no traces. */
  traces?: { jaegerUrl: string | undefined } | undefined;
}

/**
 * Sends a page that ui/build.mjs has built.
 *
 * @param settings for the page, as `<meta>` elements. Default: none
 */
export function sendPage(folder: string, file: string, settings: PageSettings = {}): RequestHandler {
  const { signIn, traces } = settings;
  const metas = [
    signIn && meta('sign-in', JSON.stringify(signIn)),
    traces && meta('traces', traces.jaegerUrl ?? ''),
  ];
  const told = metas.filter(Boolean).join('');
  const answer = { type: 'html', policy: policy(signIn ? [new URL(signIn.issuer).origin] : []) };
  return async (_req, res) => {
    const body = await readFile(join(folder, file), 'utf8');
    sendRevalidated(res, { ...answer, body: told ? body.replace('</head>', () => `${told}</head>`) : body });
  };
}

function meta(name: string, content: string): string {
  return `<meta name="${name}" content="${escapeHtml(content)}" />`;
}
