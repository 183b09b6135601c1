import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Express } from 'express';

/** Longer than the proxy before us keeps an idle connection (Nginx: 30 s), so that it is never we who close it under a request. */
const KEEP_ALIVE_MS = 75_000;
/**
 * More than Nginx lets through (four lines of 128 KiB, one of which may be a path with a task's title), so that it is
 * Nginx that refuses: Node's own 431 is bare, without a problem document.
 */
const MAX_HEADER_BYTES = 640 * 1024;

/**
 * An HTTP server for an Express app. An app has one server; with more, only the last one is quick.
 *
 * Express gives every request and response a prototype of its own when it takes them, which makes V8 give up on what it
 * has learnt of them (expressjs/express#5998). Born with that prototype, they need no change: three times the requests a second
 * for a small answer.
 */
export function createHttpServer(app: Express): Server {
  class AppRequest extends IncomingMessage {}
  class AppResponse extends ServerResponse {}
  // What Express has given the app goes into the chain of their prototypes, which then become those of the app.
  app.request = Object.setPrototypeOf(AppRequest.prototype, app.request) as Express['request'];
  app.response = Object.setPrototypeOf(AppResponse.prototype, app.response) as Express['response'];
  const server = createServer(
    {
      IncomingMessage: AppRequest,
      ServerResponse: AppResponse,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    app,
  );
  // Who sends `Expect: 100-continue` waits with the body until the app says that it may come: see createHttpApp.
  server.on('checkContinue', app);
  server.headersTimeout = KEEP_ALIVE_MS + 5_000;
  return server;
}
