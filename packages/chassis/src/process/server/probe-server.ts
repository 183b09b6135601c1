import type { Lifecycle } from '../lifecycle.js';
import { serveAside, type SideServer } from './side-server.js';

/**
 * Answers only `GET /livez` and `GET /readyz`, as the service itself does, on a separate port: the kubelet has no certificate to
 * present to the service.
 *
 * @throws when it cannot listen there
 */
export function serveProbes(
  address: { port: number; host: string },
  lifecycle: Lifecycle,
): Promise<SideServer> {
  return serveAside(address, ({ url }, res) => {
    const status = { '/livez': 'alive', '/readyz': lifecycle.phase() }[url ?? ''];
    if (status === undefined) {
      // A request body is not read.
      res.writeHead(404, { Connection: 'close' }).end();
      return;
    }
    const works = status === 'alive' || status === 'ready';
    res.writeHead(works ? 200 : 503, { 'Content-Type': 'application/json' });
    res.end(JSON.stringify({ status }));
  });
}
