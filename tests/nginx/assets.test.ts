// Nginx caches the scripts and styles of the web UI.
import { send } from './client.js';
import { type Nginx, startNginx, startUpstream, type Upstream } from './support.js';

const script = Buffer.from('console.log("made of bytes");\n'.repeat(5_000));
const modified = 'Wed, 25 Nov 2026 10:00:00 GMT';

let nginx: Nginx;
let gateway: Upstream;

beforeAll(async () => {
  gateway = await startUpstream('web-gateway', (request, response, { upstream }) => {
    if (!request.url?.includes('main-')) {
      response.writeHead(404, { 'Content-Type': 'application/problem+json' }).end('{"title":"Not Found"}');
      return;
    }
    response.writeHead(200, {
      'Content-Type': 'text/javascript; charset=utf-8',
      'Content-Length': script.length,
      'Cache-Control': 'public, max-age=31536000, immutable',
      'Content-Security-Policy': `default-src 'none'`,
      'Accept-Ranges': 'bytes',
      'Last-Modified': modified,
      ETag: 'W/"1-2"',
      'X-Served-By': upstream,
      traceresponse: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
    response.end(request.method === 'HEAD' ? undefined : script);
  });
  nginx = await startNginx({ replicas: { 'web-gateway': [gateway.port] } });
});

afterAll(async () => {
  await nginx.stop();
  await gateway.stop();
});

const asked = (url: string) => gateway.received.filter((echo) => echo.url === url).length;

test('fetches a file from the service once, and serves it from the cache, each time with its own request id', async () => {
  const url = '/ui/assets/main-ONCE.js';
  const first = await send(nginx.port, url, { headers: { 'X-Request-Id': 'first' } });
  const second = await send(nginx.port, url, { headers: { 'X-Request-Id': 'second' } });
  for (const [reply, id] of [[first, 'first'] as const, [second, 'second'] as const]) {
    expect(reply.status).toBe(200);
    expect(reply.body.equals(script)).toBe(true);
    expect(reply.count('x-request-id')).toBe(1);
    expect(reply.headers['traceresponse']).toBeUndefined();
    expect(reply.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'content-length': String(script.length),
      'cache-control': 'public, max-age=31536000, immutable',
      'content-security-policy': `default-src 'none'`,
      'x-served-by': 'web-gateway',
      'x-request-id': id,
      etag: 'W/"1-2"',
    });
  }
  expect(asked(url)).toBe(1);
  expect(await nginx.logged('second')).toMatchObject({ upstream: '', served_by: 'web-gateway', status: 200 });
});

describe('from its cache, it serves', () => {
  const url = '/ui/assets/main-PARTS.js';
  const before = 'Tue, 24 Nov 2026 10:00:00 GMT';
  const after = 'Thu, 26 Nov 2026 10:00:00 GMT';

  test.each<[string, Record<string, string>, number, Buffer]>([
    ['nothing for a client that has it', { 'If-None-Match': 'W/"1-2"' }, 304, Buffer.of()],
    ['nothing for one that has it since then', { 'If-Modified-Since': after }, 304, Buffer.of()],
    ['all for one that has another', { 'If-None-Match': '"3"', 'If-Modified-Since': after }, 200, script],
    ['all for one that has an older', { 'If-Modified-Since': before }, 200, script],
    ['the beginning', { Range: 'bytes=0-9' }, 206, script.subarray(0, 10)],
    ['the end', { Range: 'bytes=-7' }, 206, script.subarray(-7)],
    ['all when several parts are wanted', { Range: 'bytes=0-1,5-6' }, 200, script],
  ])('%s', async (_, headers, status, body) => {
    await send(nginx.port, url);
    const reply = await send(nginx.port, url, { headers });
    expect(reply.status).toBe(status);
    expect(reply.body.equals(body)).toBe(true);
    expect(asked(url)).toBe(1);
  });
});

test.each(['POST', 'DELETE'])('passes %s on', async (method) => {
  const url = `/ui/assets/main-${method}.js`;
  await send(nginx.port, url, { method });
  await send(nginx.port, url, { method });
  expect(asked(url)).toBe(2);
});

test('does not cache errors', async () => {
  const url = '/ui/assets/none.js';
  for (const attempt of [1, 2]) {
    expect((await send(nginx.port, url)).status).toBe(404);
    expect(asked(url)).toBe(attempt);
  }
});

test('caches nothing but assets', async () => {
  for (const url of ['/ui/main-page', '/image/main-image']) {
    for (const attempt of [1, 2]) {
      expect((await send(nginx.port, url)).status).toBe(200);
      expect(asked(url)).toBe(attempt);
    }
  }
});

test('serves them while no replica is available', async () => {
  const url = '/ui/assets/main-KEPT.js';
  await send(nginx.port, url);
  await gateway.stop();
  expect((await send(nginx.port, url)).body.equals(script)).toBe(true);
  expect((await send(nginx.port, '/ui/assets/main-NEW.js')).status).toBe(503);
});
