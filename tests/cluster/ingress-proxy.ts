import { createServer, request } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { get } from './kubectl.js';

/** A way to the Ingress for clients that cannot resolve its hosts. */
export interface IngressProxy {
  /** Requests there go to the Ingress, for `host`. */
  url: string;
  get(host: string, path: string): Promise<{ status: number; servedBy: string }>;
  close(): Promise<void>;
}

/** @returns undefined when no controller has given the Ingress an address */
export async function ingressProxy(host: string): Promise<IngressProxy | undefined> {
  interface Ingress {
    status: { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } };
  }
  const { status } = await get<Ingress>('ingress', 'millrace');
  const [point] = status.loadBalancer?.ingress ?? [];
  const address = point?.ip ?? point?.hostname;
  if (!address) return undefined;

  const server = createServer((req, res) => {
    const { method, url: path, headers } = req;
    const onward = request(
      { host: address, port: 80, method, path, headers: { ...headers, host } },
      (reply) => {
        res.writeHead(reply.statusCode!, reply.headers);
        reply.pipe(res);
      },
    );
    onward.on('error', (error) => res.destroy(error));
    req.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async get(name, path) {
      const onward = request({ host: address, port: 80, path, headers: { host: name } }).end();
      const [reply] = (await once(onward, 'response')) as [import('node:http').IncomingMessage];
      reply.resume();
      return { status: reply.statusCode!, servedBy: String(reply.headers['x-served-by']) };
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
