import { HttpProblem, idOf, methodNotAllowed, notFound } from '@millrace/chassis/http';
import type { ImageStore } from '@millrace/workflows';
import { type RequestHandler, Router } from 'express';

/** GET /image/:id: a finished picture, whole or a range of it. */
export function imageRoutes(images: ImageStore, ttlSeconds: number): Router {
  const router = Router();

  const send: RequestHandler = async (req, res) => {
    const image = await images.find(idOf(req));
    if (!image)
      throw notFound(
        'There is no image with this id. Images are kept for a limited time, or until the space is needed.',
      );

    res.set({
      ETag: image.etag,
      'Accept-Ranges': 'bytes',
      // An id is never given to other bytes.
      'Cache-Control': `public, max-age=${ttlSeconds}, immutable`,
    });
    res.type(image.type);
    const size = image.bytes.length;
    const condition = req.get('If-Range');
    const ranges =
      condition === undefined || condition === image.etag ? req.range(size, { combine: true }) : undefined;
    if (ranges === -1) {
      throw new HttpProblem(416, `The image has ${size} bytes.`, {
        headers: { 'Content-Range': `bytes */${size}` },
      });
    }
    // Several ranges at once, or a header that makes no sense: the whole image is a right answer (RFC 9110, 14.2).
    const range =
      Array.isArray(ranges) && ranges.type === 'bytes' && ranges.length === 1 ? ranges[0] : undefined;
    if (range) {
      res.status(206).set('Content-Range', `bytes ${range.start}-${range.end}/${size}`);
      res.send(image.bytes.subarray(range.start, range.end + 1));
    } else {
      res.send(image.bytes);
    }
  };

  router.route('/image/:id').get(send).all(methodNotAllowed);

  return router;
}
