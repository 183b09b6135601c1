import { Router } from 'express';
import { methodNotAllowed } from '../method-not-allowed.js';
import { escapeHtml, sendPage } from './html-page.js';

export interface HomePage {
  /** Where it is, such as `/user`. */
  path: string;
  title: string;
  /** A sentence or two. */
  purpose: string;
  calls: {
    /** One or more, such as `GET, DELETE`. */
    methods: string;
    path: string;
    /** What it does; trusted HTML. */
    does: string;
  }[];
  /** A command to try. */
  example: string;
  pod: string;
}

/** GET of a page for people who open the service in a browser: what it is for, what it can be asked, and which replica this is. */
export function homePage({ path, title, purpose, calls, example, pod }: HomePage): Router {
  const rows = calls.map(({ methods, path, does }) => {
    // What a browser can show by following a link.
    const isLink = methods === 'GET' && !path.includes(':');
    const where = isLink ? `<a href="${escapeHtml(path)}">${escapeHtml(path)}</a>` : escapeHtml(path);
    return `<tr><td><code>${methods} ${where}</code></td><td>${does}</td></tr>`;
  });
  const body = `
<p>${escapeHtml(purpose)}</p>
<table>
<tr><th>Call</th><th>Answer</th></tr>
${rows.join('\n')}
</table>
<p>Try it:</p>
<pre><code>${escapeHtml(example)}</code></pre>
`;
  const router = Router();
  router
    .route(path)
    .get((_req, res) => {
      sendPage(res, { title, body, pod });
    })
    .all(methodNotAllowed);
  return router;
}
