import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { methodNotAllowed, notFound } from '@millrace/chassis/http';
import { pageSchema } from '@millrace/contracts';
import { type RequestHandler, Router } from 'express';
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
 * GET / and /ui/:page: the web UI, one HTML document for all of them. GET /ui/assets/:file: its scripts and styles.
 *
 * @param folder the output of ui/build.mjs
 */
export function uiRoutes(folder: string): Router {
  const router = Router();

  const sendPage: RequestHandler = async (_req, res) => {
    const body = await readFile(join(folder, 'index.html'), 'utf8');
    sendKept(res, { body, type: 'html', policy: POLICY });
  };

  router.route('/').get(sendPage).all(methodNotAllowed);
  router
    .route('/ui/:page')
    .get((req, _res, next) => {
      if (!pageSchema.safeParse(req.params.page).success) throw notFound('There is no such page.');
      next();
    }, sendPage)
    .all(methodNotAllowed);
  router
    .route('/ui/assets/:file')
    .get((req, res) => {
      // The name holds a hash of the content: what it names never changes.
      res.sendFile(req.params.file, { root: join(folder, 'assets'), maxAge: '1y', immutable: true });
    })
    .all(methodNotAllowed);

  return router;
}
