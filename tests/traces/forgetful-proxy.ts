import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ForgetfulProxy {
  url: string;
  /** Where requests go. Until it is known, they are refused. */
  target: string | undefined;
  close(): Promise<void>;
}

/** Stands before task-api and takes the trace context out of the jobs that workers claim. */
export async function openForgetfulProxy(): Promise<ForgetfulProxy> {
  const server = createServer((req, res) => {
    if (proxy.target === undefined) return void res.writeHead(503, { 'X-Work-Begun': 'false' }).end();
    const { method, headers } = req;
    const onwards = request(`${proxy.target}${req.url}`, { method, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => {
        const body =
          req.url === '/internal/jobs/claims' ? forget(Buffer.concat(parts)) : Buffer.concat(parts);
        res.writeHead(answer.statusCode!, { ...answer.headers, 'content-length': body.length });
        res.end(body);
      });
    });
    onwards.on('error', () => res.destroy());
    req.pipe(onwards);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: ForgetfulProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target: undefined,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}

function forget(body: Buffer): Buffer {
  return Buffer.from(body.toString().replace(/"traceparent":"[^"]*"/g, '"traceparent":null'));
}
