import { createHash } from 'node:crypto';
import type { Response } from 'express';

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif; }
body { max-width: 46rem; margin: 3rem auto; padding: 0 1.25rem; }
h1 { line-height: 1.2; margin-bottom: .25rem; }
code, pre { font: .875rem/1.6 ui-monospace, monospace; background: color-mix(in srgb, currentColor 8%, transparent); border-radius: .375rem; }
code { padding: .1rem .3rem; }
pre { padding: .75rem 1rem; overflow-x: auto; }
pre code { padding: 0; background: none; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); }
footer { margin-top: 2.5rem; font-size: .875rem; opacity: .75; }
`;
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Escapes text for HTML, including attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * Responds with a small, self-contained page: no script, and only the style that the Content-Security-Policy allows.
 *
 * @param body trusted HTML; put anything else through `escapeHtml`
 */
export function sendPage(res: Response, page: { title: string; body: string; pod: string }): void {
  res
    .set(
      'Content-Security-Policy',
      `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    )
    .type('html').send(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(page.title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(page.title)}</h1>
${page.body}
<footer>Served by <code>${escapeHtml(page.pod)}</code></footer>
</body>
</html>
`);
}
