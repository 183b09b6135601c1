import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readAnswer } from './http-client.js';
import type { Load } from './load.js';
import { sendLoad } from './send-load.js';

const answer = (text: string) => readAnswer(Buffer.from(text.replaceAll('\n', '\r\n')));

describe('a response', () => {
  test('ends where its length says', () => {
    const head = 'HTTP/1.1 201 Created\nContent-Type: text/plain\ncontent-length: 5\n\n';
    expect(answer(`${head}hell`)).toBeUndefined();
    expect(answer(`${head}hello`)).toMatchObject({ status: 201, closes: false, body: Buffer.from('hello') });
  });

  test('ends with its last chunk', () => {
    const head = 'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n';
    expect(answer(`${head}5\nhello\n`)).toBeUndefined();
    expect(answer(`${head}5\nhello\n0\n`)).toBeUndefined();
    expect(answer(`${head}5\nhello\n7\n, world\n0\n\n`)?.body.toString()).toBe('hello, world');
  });

  test('may follow an interim one, have no body, and close the connection', () => {
    expect(answer('HTTP/1.1 100 Continue\n\nHTTP/1.1 204 No Content\nConnection: close\n\n')).toMatchObject({
      status: 204,
      closes: true,
    });
  });

  test('is not complete before its head is', () => {
    expect(answer('HTTP/1.1 200 OK\nContent-Le')).toBeUndefined();
  });
});

describe('a load', () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  async function serve(listener: RequestListener): Promise<string> {
    server = createServer(listener).listen(0, '127.0.0.1');
    await new Promise((resolve) => server!.once('listening', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const load = (url: string, more: Partial<Load> = {}): Load => ({
    ...{ url, method: 'POST', path: '/things/{n}', body: '{"name":"ü {n}"}', clients: 3, status: 200 },
    ...more,
  });

  test('sends the required number of requests, each with its own number, over kept-alive connections', async () => {
    const seen: string[] = [];
    const connections = new Set<unknown>();
    const url = await serve((req, res) => {
      connections.add(req.socket);
      let body = '';
      req.setEncoding('utf8').on('data', (text: string) => (body += text));
      req.on('end', () => {
        seen.push(`${req.url} ${body}`);
        res.end(`answer to ${body}`);
      });
    });
    const result = await sendLoad(load(url, { requests: 20 }));
    expect(result.requests).toBe(20);
    expect(result.sample).toMatch(/^answer to \{"name":"ü \d{8}"\}$/);
    expect(new Set(seen).size).toBe(20);
    for (const line of seen) expect(line).toMatch(/^\/things\/(\d{8}) \{"name":"ü \1"\}$/);
    expect(connections.size).toBe(3);
  });

  test('continues over a new connection when the server closes one', async () => {
    const url = await serve((_req, res) => res.setHeader('Connection', 'close').end('bye'));
    expect((await sendLoad(load(url, { requests: 7 }))).requests).toBe(7);
  });

  test('ends with an error at a response with another status, and says which', async () => {
    let left = 5;
    const url = await serve((_req, res) => {
      res.statusCode = left-- > 0 ? 200 : 503;
      res.end('no room');
    });
    await expect(sendLoad(load(url, { requests: 50 }))).rejects.toThrow(
      'POST /things/{n} was answered 503 and not 200: no room',
    );
  });

  test('ends with an error when the connection breaks', async () => {
    const url = await serve((req) => req.socket.destroy());
    await expect(sendLoad(load(url, { requests: 5 }))).rejects.toThrow();
  });
});
