import { idOf, methodNotAllowed, notFound } from '@millrace/chassis/http';
import { visibleOwner } from '@millrace/chassis/process';
import type { TraceReader } from '@millrace/chassis/traces';
import type { ImageStore } from '@millrace/workflows';
import { Router } from 'express';

/** GET /image/:id/trace: how an image was made, in every process, and when. Whoever may see the image may see its trace. */
export function imageTraceRoutes(images: ImageStore, traces: TraceReader): Router {
  const router = Router();
  router
    .route('/image/:id/trace')
    .get(async (req, res) => {
      const owner = visibleOwner();
      const origin = await images.findOrigin(idOf(req));
      // Somebody else's is not there.
      if (!origin || (owner !== null && origin.owner !== owner))
        throw notFound('There is no image with this id.');
      res.set('Cache-Control', 'no-store').json(await traces.read(origin.traceparent));
    })
    .all(methodNotAllowed);
  return router;
}
