import type { ServerResponse } from 'node:http';
import { serveAside, type SideServer } from '../process/server/side-server.js';
import { collectMetrics, type MetricsFormat } from './metrics-page.js';

const CONTENT_TYPES: Record<MetricsFormat, string> = {
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  text: 'text/plain; version=0.0.4; charset=utf-8',
};

export type MetricsServer = SideServer;

/**
 * Answers only `GET /metrics`, on a separate port: a program that may read the metrics cannot call the service, and vice
 * versa. It does not keep the process alive.
 *
 * @throws when it cannot listen there
 */
export async function serveMetrics(address: { port: number; host: string }): Promise<MetricsServer> {
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

  return serveAside(address, ({ method, url = '', headers }, res) => {
    if (method === 'GET' && /^\/metrics(\?|$)/.test(url))
      void answer(res, headers.accept?.includes('application/openmetrics-text') ? 'openmetrics' : 'text');
    // A request body is not read.
    else res.writeHead(404, { Connection: 'close' }).end();
  });
}
