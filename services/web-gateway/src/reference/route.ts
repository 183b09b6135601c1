import { methodNotAllowed } from '@millrace/chassis/http';
import { Router } from 'express';
import { sendPage } from '../pages/page.js';
import { sendRevalidated } from '../pages/send-revalidated.js';

/**
 * GET /openapi.json: the public API for programs. GET /docs: the same for people, in Swagger UI.
 *
 * @param options.folder the output of ui/build.mjs
 * @param options.isSecured whether calls require an access token
 */
export function docsRoutes({ folder, isSecured }: { folder: string; isSecured: boolean }): Router {
  const router = Router();
  let description: Promise<string> | undefined;

  router
    .route('/openapi.json')
    .get(async (_req, res) =>
      sendRevalidated(res, { body: await (description ??= describe(isSecured)), type: 'json' }),
    )
    .all(methodNotAllowed);
  router.route('/docs').get(sendPage(folder, 'reference.html')).all(methodNotAllowed);

  return router;
}

/** Imports on demand what few replicas ever need, and what takes longer to load than everything else. */
async function describe(isSecured: boolean): Promise<string> {
  const { createOpenApiDocument } = await import('@millrace/contracts/openapi');
  return JSON.stringify(createOpenApiDocument({ isSecured }));
}
