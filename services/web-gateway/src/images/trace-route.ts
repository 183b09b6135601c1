import { idOf, methodNotAllowed, notFound, parseParam } from '@millrace/chassis/http';
import { visibleOwner } from '@millrace/chassis/process';
import { type TraceReader, traceIdSchema } from '@millrace/chassis/traces';
import type { ImageStore } from '@millrace/workflows';
import { Router } from 'express';

/**
 * GET /image/:id/trace: how an image was made, in every process, and when. GET /upload/:id/trace: the same for a failed upload; the id is that of
 * the trace, from the upload's `traceresponse`. Everyone who may see the image may see its trace; a failed upload's only its sender.
 */
export function imageTraceRoutes(images: ImageStore, traces: TraceReader): Router {
  const router = Router();
  router
    .route('/image/:id/trace')
    .get(async (req, res) => {
      const owner = visibleOwner();
      const origin = await images.findOrigin(idOf(req));
      // Other users' images count as absent.
      if (!origin || (owner !== null && origin.owner !== owner))
        throw notFound('There is no image with this id.');
      res.set('Cache-Control', 'no-store').json(await traces.read(origin.traceparent));
    })
    .all(methodNotAllowed);
  router
    .route('/upload/:id/trace')
    .get(async (req, res) => {
      const id = parseParam(traceIdSchema, 'id', req.params.id);
      const begun = { request: 'POST /upload', owner: visibleOwner() };
      res.set('Cache-Control', 'no-store').json(await traces.readBegunWith(id, begun));
    })
    .all(methodNotAllowed);
  return router;
}
