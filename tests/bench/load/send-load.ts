import { percentile } from '../measure/statistics.js';
import { HttpClient } from './http-client.js';
import type { Load, LoadResult } from './load.js';

let number = 0;

/** @throws at the first response with another status, and when a connection breaks */
export async function sendLoad(load: Load): Promise<LoadResult> {
  const { hostname, port, host } = new URL(load.url);
  const nextRequest = requestsOf(load, host);
  const latencies: number[] = [];
  const clients = Array.from({ length: load.clients }, () => new HttpClient(hostname, Number(port)));
  let left = load.requests ?? Infinity;
  let sample: Buffer = Buffer.alloc(0);
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const end = begun + (load.ms ?? Infinity);

  const run = async (client: HttpClient) => {
    for (let sent = begun; left > 0 && sent < end;) {
      left -= 1;
      const { status, body } = await client.send(nextRequest());
      if (status !== load.status)
        throw new Error(
          `${load.method} ${load.path} was answered ${status} and not ${load.status}: ${body.toString('utf8', 0, 500)}`,
        );
      const answered = performance.now();
      latencies.push(answered - sent);
      sent = answered;
      sample = body;
    }
  };
  try {
    await Promise.all(clients.map(run));
  } finally {
    left = 0;
    for (const client of clients) client.close();
  }
  const ms = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  return {
    requests: latencies.length,
    ms,
    p50: percentile(latencies, 0.5),
    p95: percentile(latencies, 0.95),
    p99: percentile(latencies, 0.99),
    cpuMs: (user + system) / 1_000,
    sample: sample.toString(),
  };
}

/** The bytes of one request after another. The number has a fixed width, so the length is always the same. */
function requestsOf({ method, path, body, type, token }: Load, host: string): () => Buffer | string {
  const withNumber = (text: string) => text.replaceAll('{n}', '00000000');
  const length = typeof body === 'string' ? Buffer.byteLength(withNumber(body)) : (body?.length ?? 0);
  const head =
    `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n` +
    (token === undefined ? '' : `Authorization: Bearer ${token}\r\n`) +
    (method === 'POST' ? `Content-Length: ${length}\r\n` : '') +
    (body === undefined ? '\r\n' : `Content-Type: ${type ?? 'application/json'}\r\n\r\n`);
  if (Buffer.isBuffer(body)) {
    const whole = Buffer.concat([Buffer.from(head, 'latin1'), body]);
    return () => whole;
  }
  // The socket writes latin1: the UTF-8 bytes one by one.
  const text = Buffer.from(head + (body ?? ''), 'utf8').toString('latin1');
  const parts = text.split('{n}');
  if (parts.length === 1) return () => text;
  return () => parts.join(String(++number).padStart(8, '0'));
}
