import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { collectMetrics, type MetricsFormat } from './metrics-page.js';

/** Prometheus needs one; the others are for people. */
const MAX_CONNECTIONS = 16;
const TIMEOUT_MS = 10_000;
/** Longer than the usual interval between two scrapes. */
const IDLE_MS = 60_000;
const MAX_HEADER_BYTES = 8 * 1024;

const CONTENT_TYPES: Record<MetricsFormat, string> = {
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  text: 'text/plain; version=0.0.4; charset=utf-8',
};

export interface MetricsServer {
  port: number;
  close(): void;
}

/**
 * Answers `GET /metrics`, and nothing else, on a port of its own: whoever may read the metrics cannot call the service, and the other
 * way round. It does not keep the process alive.
 *
 * @throws when it cannot listen there
 */
export async function serveMetrics({ port, host }: { port: number; host: string }): Promise<MetricsServer> {
  const writePage = await collectMetrics();

  const answer = async (res: ServerResponse, format: MetricsFormat) => {
    try {
      const page = await writePage(format);
      res.writeHead(200, {
        'Content-Type': CONTENT_TYPES[format],
        'Content-Length': Buffer.byteLength(page),
      });
      res.end(page);
    } catch {
      res.writeHead(500).end();
    }
  };

  const server = createServer(
    {
      requestTimeout: TIMEOUT_MS,
      headersTimeout: TIMEOUT_MS,
      keepAliveTimeout: IDLE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    ({ method, url = '', headers }, res) => {
      if (method === 'GET' && /^\/metrics(\?|$)/.test(url))
        void answer(res, headers.accept?.includes('application/openmetrics-text') ? 'openmetrics' : 'text');
      // What the request may have as its body is not read.
      else res.writeHead(404, { Connection: 'close' }).end();
    },
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
