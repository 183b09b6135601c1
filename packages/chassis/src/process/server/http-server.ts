import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Express } from 'express';
import type { ServiceTls } from '../tls/tls.js';

/** Longer than the proxy in front keeps idle connections (Nginx: 30 s), so that we never close one while it sends a request. */
const KEEP_ALIVE_MS = 75_000;
/**
 * More than Nginx lets through (four buffers of 16 KiB, and it passes Host on twice), so that Nginx refuses: Node's own 431 has no problem
 * document.
 */
const MAX_HEADER_BYTES = 96 * 1024;

/**
 * An HTTP server for an Express app. An app has one server; with more, only the last one is quick.
 *
 * Express changes the prototype of every request and response, which makes V8 discard its optimizations
 * (expressjs/express#5998). Created with the right prototype, they need no change: that triples the requests per second
 * for small responses.
 *
 * @param tls default: plain
 */
export function createHttpServer(app: Express, tls?: ServiceTls): Server {
  class AppRequest extends IncomingMessage {}
  class AppResponse extends ServerResponse {}
  // What Express has given the app goes into the chain of their prototypes, which then become those of the app.
  app.request = Object.setPrototypeOf(AppRequest.prototype, app.request) as Express['request'];
  app.response = Object.setPrototypeOf(AppResponse.prototype, app.response) as Express['response'];
  const options = {
    IncomingMessage: AppRequest,
    ServerResponse: AppResponse,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
  };
  const server = tls ? tls.createServer(options, app) : createServer(options, app);
  // A client that sends `Expect: 100-continue` waits with the body until the app asks for it: see createHttpApp.
  server.on('checkContinue', app);
  server.headersTimeout = KEEP_ALIVE_MS + 5_000;
  return server;
}
