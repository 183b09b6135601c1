import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Monitoring needs one; the others are for people. */
const MAX_CONNECTIONS = 16;
const TIMEOUT_MS = 10_000;
/** Longer than the usual interval between two scrapes. */
const IDLE_MS = 60_000;
const MAX_HEADER_BYTES = 8 * 1024;

export interface SideServer {
  port: number;
  close(): void;
}

/**
 * A small server on a separate port, for programs that monitor the service: they cannot call it, and its callers cannot monitor it. It
 * does not
 * keep the process alive.
 *
 * @throws when it cannot listen there
 */
export async function serveAside(
  { port, host }: { port: number; host: string },
  listener: RequestListener,
): Promise<SideServer> {
  const server = createServer(
    {
      requestTimeout: TIMEOUT_MS,
      headersTimeout: TIMEOUT_MS,
      keepAliveTimeout: IDLE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    listener,
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(IDLE_MS);
  server.on('connection', (socket) => socket.unref());
  server.listen(port, host);
  server.unref();
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
