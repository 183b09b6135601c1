import type { IncomingMessage, RequestListener, Server, ServerOptions, ServerResponse } from 'node:http';
import type { SecureContext } from 'node:tls';

/** How to reach Redis and PostgreSQL. */
export interface StoreTls {
  /** For a new connection: with the current certificate. */
  context(): SecureContext;
}

/** How services reach each other: each presents its certificate, and checks the other's. */
export interface ServiceTls extends StoreTls {
  /** When its own certificate expires, in ms since 1970. */
  expiresAt(): number;
  /** It adopts renewed certificates; open connections stay open. */
  createServer<
    Request extends typeof IncomingMessage,
    Response extends typeof ServerResponse<InstanceType<Request>>,
  >(
    options: ServerOptions<Request, Response>,
    listener: RequestListener<Request, Response>,
  ): Server<Request, Response>;
}
