import { once } from 'node:events';
import http2 from 'node:http2';
import tls from 'node:tls';
import type { Echo } from './support.js';

/** How to reach nginx: its port for HTTPS, and the authority of its certificate. */
export interface Endpoint {
  port: number;
  ca: string;
}

export interface Answer {
  status: number;
  headers: http2.IncomingHttpHeaders;
  body: Buffer;
  echo: () => Echo;
  problem: () => Record<string, unknown>;
}

/** A TLS connection that has been made. */
export async function connectTls({ port, ca }: Endpoint, options: tls.ConnectionOptions = {}) {
  const socket = tls.connect({ host: '127.0.0.1', servername: 'localhost', port, ca, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

/** One HTTP/2 connection. */
export async function connectHttp2(endpoint: Endpoint): Promise<http2.ClientHttp2Session> {
  const socket = await connectTls(endpoint, { ALPNProtocols: ['h2'] });
  const session = http2.connect(`https://localhost:${endpoint.port}`, { createConnection: () => socket });
  session.on('error', () => undefined);
  return session;
}

/** A request whose response has begun. */
export async function open(
  session: http2.ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders,
  body?: Buffer | string,
): Promise<{ stream: http2.ClientHttp2Stream; status: number; headers: http2.IncomingHttpHeaders }> {
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  const [received] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
  stream.on('error', () => undefined);
  return { stream, status: Number(received[':status']), headers: received };
}

/** One request, and all of its response. */
export async function send(...request: Parameters<typeof open>): Promise<Answer> {
  const { stream, status, headers } = await open(...request);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return {
    status,
    headers,
    body,
    echo: () => JSON.parse(body.toString()) as Echo,
    problem: () => JSON.parse(body.toString()) as Record<string, unknown>,
  };
}
