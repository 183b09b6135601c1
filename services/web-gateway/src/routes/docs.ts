import { createHash } from 'node:crypto';
import { methodNotAllowed } from '@millrace/chassis';
import { createOpenApiDocument } from '@millrace/contracts/openapi';
import { type RequestHandler, Router } from 'express';
import type { Description } from '../reference/description.js';
import { REFERENCE_POLICY, renderReference } from '../reference/page.js';

/** GET /openapi.json: the public API for programs. GET /docs: the same for people. Both are made once, at the start. */
export function docsRoutes(): Router {
  const router = Router();
  const document = createOpenApiDocument();

  router
    .route('/openapi.json')
    .get(sendKept(JSON.stringify(document), 'json'))
    .all(methodNotAllowed);
  router
    .route('/docs')
    // The library's types allow all of OpenAPI; the reference reads what our own description has of it.
    .get(sendKept(renderReference(document as unknown as Description), 'html', REFERENCE_POLICY))
    .all(methodNotAllowed);

  return router;
}

/** Clients ask each time whether it is still the same: a new release is seen at once, and the old is not sent again. */
function sendKept(body: string, type: string, policy?: string): RequestHandler {
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  return (_req, res) => {
    if (policy !== undefined) res.set('Content-Security-Policy', policy);
    res.set({ ETag: etag, 'Cache-Control': 'no-cache' }).type(type).send(body);
  };
}
