import { createServer, type IncomingMessage, request } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { get } from './kubectl.js';

/** A proxy to the Ingress for clients that cannot resolve its hosts. */
export interface IngressProxy {
  /** Requests to this URL go to the Ingress, for `host`, or another of its hosts if they name it. */
  url: string;
  get(host: string, path: string): Promise<{ status: number; servedBy: string }>;
  close(): Promise<void>;
}

/** @returns undefined when no controller has given the Ingress an address */
export async function ingressProxy(host: string): Promise<IngressProxy | undefined> {
  interface Ingress {
    spec: { rules: { host: string }[] };
    status: { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } };
  }
  const { spec, status } = await get<Ingress>('ingress', 'millrace');
  const hosts = spec.rules.map((rule) => rule.host);
  const [point] = status.loadBalancer?.ingress ?? [];
  const address = point?.ip ?? point?.hostname;
  if (!address) return undefined;

  const server = createServer((req, res) => {
    const { method, url: path, headers } = req;
    const name = hosts.find((known) => known === headers.host) ?? host;
    const options = { host: address, port: 80, method, path, headers: { ...headers, host: name } };
    const onward = request(options, (reply) => {
      res.writeHead(reply.statusCode!, reply.headers);
      reply.pipe(res);
    });
    onward.on('error', (error) => res.destroy(error));
    req.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async get(name, path) {
      const onward = request({ host: address, port: 80, path, headers: { host: name } }).end();
      const [reply] = (await once(onward, 'response')) as [IncomingMessage];
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
