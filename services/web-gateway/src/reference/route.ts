import { methodNotAllowed } from '@millrace/chassis/http';
import { Router } from 'express';
import type { Description } from './description.js';
import { sendKept } from '../send-kept.js';

/** GET /openapi.json: the public API for programs. GET /docs: the same for people. Both are rendered once, at the first request. */
export function docsRoutes(): Router {
  const router = Router();
  let rendered: ReturnType<typeof render> | undefined;

  router
    .route('/openapi.json')
    .get(async (_req, res) => sendKept(res, (await (rendered ??= render())).forPrograms))
    .all(methodNotAllowed);
  router
    .route('/docs')
    .get(async (_req, res) => sendKept(res, (await (rendered ??= render())).forPeople))
    .all(methodNotAllowed);

  return router;
}

/** Imports what few replicas are ever asked for, and what takes longer to load than all the rest, when it is wanted. */
async function render() {
  const [{ createOpenApiDocument }, { REFERENCE_POLICY, renderReference }] = await Promise.all([
    import('@millrace/contracts/openapi'),
    import('./page.js'),
  ]);
  const document = createOpenApiDocument();
  // The library's types allow all of OpenAPI; the reference reads what our own description has of it.
  const html = renderReference(document as unknown as Description);
  return {
    forPrograms: { body: JSON.stringify(document), type: 'json' },
    forPeople: { body: html, type: 'html', policy: REFERENCE_POLICY },
  };
}
