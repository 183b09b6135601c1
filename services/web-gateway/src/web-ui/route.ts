import { join } from 'node:path';
import { methodNotAllowed, notFound } from '@millrace/chassis/http';
import { pageSchema } from '@millrace/contracts';
import { Router } from 'express';
import { type PageSettings, sendPage } from '../pages/page.js';

/**
 * GET / and /ui/:page: the web UI, one HTML document for all pages. GET /ui/assets/:file: its scripts and styles.
 *
 * @param folder the output of ui/build.mjs
 * @param settings for the page
 */
export function uiRoutes(folder: string, settings: PageSettings): Router {
  const router = Router();

  const sendUi = sendPage(folder, 'index.html', settings);

  router.route('/').get(sendUi).all(methodNotAllowed);
  router
    .route('/ui/:page')
    .get((req, _res, next) => {
      if (!pageSchema.safeParse(req.params.page).success) throw notFound('There is no such page.');
      next();
    }, sendUi)
    .all(methodNotAllowed);
  router
    .route('/ui/assets/:file')
    .get((req, res) => {
      // The name contains a hash of the content, so the content never changes.
      res.sendFile(req.params.file, { root: join(folder, 'assets'), maxAge: '1y', immutable: true });
    })
    .all(methodNotAllowed);

  return router;
}
