import http from 'node:http';
import net from 'node:net';
import type { Echo } from './support.js';

export interface Reply {
  status: number;
  headers: http.IncomingHttpHeaders;
  /** How many times each header is in the response, by its name in lower case. */
  count(name: string): number;
  body: Buffer;
  echo(): Echo;
  problem(): Record<string, unknown>;
}

interface RequestOptions {
  method?: string;
  headers?: http.OutgoingHttpHeaders;
  body?: Buffer | string;
}

/** One request over its own connection; the path is sent without normalisation. */
export function send(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body }: RequestOptions = {},
) {
  return new Promise<Reply>((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, path, method, headers, agent: false });
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          count: (name) =>
            response.rawHeaders.filter((entry, i) => i % 2 === 0 && entry.toLowerCase() === name).length,
          body: text,
          echo: () => JSON.parse(text.toString()) as Echo,
          problem: () => JSON.parse(text.toString()) as Record<string, unknown>,
        });
      });
    });
    // After an early response (413) nginx may close the connection while the body is still being sent.
    request.on('error', reject);
    request.end(body);
  });
}

/** Sends bytes that no HTTP client would, and returns everything that comes back until the server closes. */
export async function sendRaw(port: number, text: string): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
  // A server may close with a reset when it does not read on: its answer counts.
  socket.on('error', () => undefined);
  socket.write(text);
  await new Promise((resolve) => socket.once('close', resolve));
  return received;
}
