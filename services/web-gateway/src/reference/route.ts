import { methodNotAllowed } from '@millrace/chassis/http';
import { Router } from 'express';
import { sendKept } from '../send-kept.js';
import { sendPage } from '../ui/page.js';

/**
 * GET /openapi.json: the public API for programs. GET /docs: the same for people, in Swagger UI.
 *
 * @param folder the output of ui/build.mjs
 */
export function docsRoutes(folder: string): Router {
  const router = Router();
  let description: Promise<string> | undefined;

  router
    .route('/openapi.json')
    .get(async (_req, res) => sendKept(res, { body: await (description ??= describe()), type: 'json' }))
    .all(methodNotAllowed);
  router.route('/docs').get(sendPage(folder, 'reference.html')).all(methodNotAllowed);

  return router;
}

/** Imports on demand what few replicas ever need, and what takes longer to load than everything else. */
async function describe(): Promise<string> {
  const { createOpenApiDocument } = await import('@millrace/contracts/openapi');
  return JSON.stringify(createOpenApiDocument());
}
