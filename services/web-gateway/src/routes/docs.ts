import { methodNotAllowed } from '@millrace/chassis';
import { createOpenApiDocument } from '@millrace/contracts/openapi';
import { Router } from 'express';
import type { Description } from '../reference/description.js';
import { REFERENCE_POLICY, renderReference } from '../reference/page.js';
import { sendKept } from '../send-kept.js';

/** GET /openapi.json: the public API for programs. GET /docs: the same for people. Both are rendered once, at startup. */
export function docsRoutes(): Router {
  const router = Router();
  const document = createOpenApiDocument();
  const forPrograms = { body: JSON.stringify(document), type: 'json' };
  // The library's types allow all of OpenAPI; the reference reads what our own description has of it.
  const html = renderReference(document as unknown as Description);
  const forPeople = { body: html, type: 'html', policy: REFERENCE_POLICY };

  router
    .route('/openapi.json')
    .get((_req, res) => sendKept(res, forPrograms))
    .all(methodNotAllowed);
  router
    .route('/docs')
    .get((_req, res) => sendKept(res, forPeople))
    .all(methodNotAllowed);

  return router;
}
