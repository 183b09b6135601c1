import { HttpProblem, idOf, methodNotAllowed, notFound } from '@millrace/chassis/http';
import { currentContext, visibleOwner } from '@millrace/chassis/process';
import type { ImageStore, StoredImage } from '@millrace/workflows';
import { once } from 'node:events';
import { type Request, type RequestHandler, type Response, Router } from 'express';

/** How long a client may read nothing of an image: it occupies memory that others wait for. */
const IDLE_MS = 10_000;

/** GET /image/:id: a finished image, or a range of it. Its memory is claimed until the client has read it, or disconnects. */
export function imageRoutes(images: ImageStore, ttlSeconds: number): Router {
  const router = Router();

  const show: RequestHandler = (req, res) => {
    const owner = visibleOwner();
    const isSignedIn = currentContext()?.principal !== undefined;
    return images.show(idOf(req), async (stored) => {
      // Other users' images count as absent.
      const image = owner === null || stored?.owner === owner ? stored : undefined;
      if (res.destroyed) return;
      const closed = once(res, 'close');
      res.setTimeout(IDLE_MS, () => res.destroy());
      send(image, isSignedIn, req, res);
      await closed;
    });
  };

  const send = (image: StoredImage | undefined, isSignedIn: boolean, req: Request, res: Response) => {
    if (!image)
      throw notFound(
        'There is no image with this id. Images are kept for a limited time, or until the space is needed.',
      );

    // Where people sign in, an image is for no shared cache, and what a browser keeps of it is not for the next person there.
    const isForEveryone = image.owner === null && !isSignedIn;
    res.set({
      ETag: image.etag,
      'Accept-Ranges': 'bytes',
      // An id always refers to the same bytes.
      'Cache-Control': `${isForEveryone ? 'public' : 'private'}, max-age=${ttlSeconds}, immutable`,
      ...(!isForEveryone && { Vary: 'Authorization' }),
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
    // Several ranges, or a header that makes no sense: the whole image is a valid response (RFC 9110, 14.2).
    const range =
      Array.isArray(ranges) && ranges.type === 'bytes' && ranges.length === 1 ? ranges[0] : undefined;
    if (range) {
      res.status(206).set('Content-Range', `bytes ${range.start}-${range.end}/${size}`);
      res.send(image.bytes.subarray(range.start, range.end + 1));
    } else {
      res.send(image.bytes);
    }
  };

  router.route('/image/:id').get(show).all(methodNotAllowed);

  return router;
}
