import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { gunzipSync } from 'node:zlib';
import { until } from '../support/until.js';
import { send, sendRaw } from './client.js';
import { type Nginx, startNginx, startUpstream, type Upstream } from './support.js';

const longJson = JSON.stringify({ text: 'mill race '.repeat(500) });
const image = Buffer.alloc(20_000, 7);

let nginx: Nginx;
let gateway: Upstream;
let taskApi: Upstream;

beforeAll(async () => {
  gateway = await startUpstream('web-gateway', (request, response, echo) => {
    if (request.url?.startsWith('/image/')) {
      response.setHeader('Content-Type', 'image/png');
      response.end(image);
      return;
    }
    if (request.url === '/?long') {
      response.setHeader('Content-Type', String(request.headers['x-type']));
      response.end(longJson);
      return;
    }
    response.setHeader('Content-Type', 'application/json');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('traceresponse', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
    response.end(JSON.stringify(echo));
  });
  taskApi = await startUpstream('task-api', (request, response) => {
    if (request.url === '/api/jobs/1/events') {
      response.setHeader('Content-Type', 'text/event-stream');
      response.setHeader('X-Accel-Buffering', 'no');
      response.write('data: first\n\n');
      return;
    }
    response.writeHead(422, { 'Content-Type': 'application/problem+json', Location: 'http://elsewhere/x' });
    response.end('{"title":"its own words"}');
  });
  nginx = await startNginx({ replicas: { 'web-gateway': [gateway.port], 'task-api': [taskApi.port] } });
});

afterAll(async () => {
  await nginx.stop();
  await Promise.all([gateway.stop(), taskApi.stop()]);
});

describe('request id', () => {
  test.each(['abc', 'A-z_0.9', 'x'.repeat(128)])('keeps the valid id %.20s', async (id) => {
    const reply = await send(nginx.port, '/health', { headers: { 'X-Request-Id': id } });
    expect(reply.headers['x-request-id']).toBe(id);
    expect(reply.count('x-request-id')).toBe(1);
    expect(reply.echo().headers['x-request-id']).toBe(id);
  });

  test.each(['', 'a b', 'a"b', 'a,b', '<x>', 'x'.repeat(129)])(
    'replaces the invalid id "%.20s"',
    async (id) => {
      const reply = await send(nginx.port, '/health', { headers: { 'X-Request-Id': id } });
      expect(reply.headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
      expect(reply.count('x-request-id')).toBe(1);
      expect(reply.echo().headers['x-request-id']).toBe(reply.headers['x-request-id']);
    },
  );

  test('gives each request without an id a new one', async () => {
    const replies = await Promise.all([send(nginx.port, '/'), send(nginx.port, '/')]);
    expect(new Set(replies.map((reply) => reply.headers['x-request-id'])).size).toBe(2);
  });

  test("appears once in nginx's own errors, in header and body", async () => {
    const reply = await send(nginx.port, '/nowhere', { headers: { 'X-Request-Id': 'mine' } });
    expect(reply.headers['x-request-id']).toBe('mine');
    expect(reply.count('x-request-id')).toBe(1);
    expect(reply.problem().request_id).toBe('mine');
  });
});

describe('headers to the service', () => {
  test('say who made the request, how, and for which host', async () => {
    const headers = { host: 'Millrace.local:8080', Connection: 'close' };
    const { headers: seen } = (await send(nginx.port, '/', { headers })).echo();
    expect(seen).toMatchObject({
      host: 'Millrace.local:8080',
      'x-forwarded-host': 'Millrace.local:8080',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-real-ip': '127.0.0.1',
    });
    expect(seen.connection).not.toBe('close');
  });

  test('drop trace context from outside, and pass all others on unchanged', async () => {
    const trace = {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'other=1',
      baggage: 'user=1',
    };
    const { headers } = (await send(nginx.port, '/', { headers: { ...trace, 'x-own': 'a, b' } })).echo();
    expect(headers).toMatchObject({ 'x-own': 'a, b' });
    expect(Object.keys(headers).filter((name) => name in trace)).toEqual([]);
  });

  test('name a host for an HTTP/1.0 request without one', async () => {
    const answer = await sendRaw(nginx.port, 'GET / HTTP/1.0\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain('"host":"localhost"');
  });
});

test('connections to the services are kept alive', async () => {
  const before = gateway.connections();
  for (let n = 0; n < 20; n++) await send(nginx.port, '/');
  // At most one for each worker process of nginx.
  expect(gateway.connections() - before).toBeLessThanOrEqual(2);
});

describe('responses', () => {
  test('keep what the service said, each header once', async () => {
    const ok = await send(nginx.port, '/');
    expect(ok.headers['x-served-by']).toBe('web-gateway');
    expect(ok.count('x-served-by')).toBe(1);
    expect(ok.count('x-content-type-options')).toBe(1);
    expect(ok.headers.server).toBe('nginx');

    const refused = await send(nginx.port, '/api/tasks', { method: 'POST' });
    expect(refused.status).toBe(422);
    expect(refused.headers.location).toBe('http://elsewhere/x');
    expect(refused.headers['content-security-policy']).toBeUndefined();
    expect(refused.problem()).toEqual({ title: 'its own words' });
  });

  test.each([
    'application/json',
    'application/problem+json',
    'text/html',
    'text/css',
    'text/javascript',
    'image/svg+xml',
  ])('of type %s are compressed for clients that accept it', async (type) => {
    const headers = { 'Accept-Encoding': 'gzip', 'X-Type': type, Via: '1.1 proxy' };
    const reply = await send(nginx.port, '/?long', { headers });
    expect(reply.headers['content-encoding']).toBe('gzip');
    expect(reply.headers.vary).toMatch(/Accept-Encoding/);
    expect(gunzipSync(reply.body).toString()).toBe(longJson);
  });

  test('are not compressed for clients that do not ask, when short, or when images', async () => {
    const unasked = await send(nginx.port, '/?long', { headers: { 'X-Type': 'application/json' } });
    expect(unasked.headers['content-encoding']).toBeUndefined();
    expect(unasked.headers.vary).toMatch(/Accept-Encoding/);
    const short = await send(nginx.port, '/nowhere', { headers: { 'Accept-Encoding': 'gzip' } });
    expect(short.headers['content-encoding']).toBeUndefined();
    const untouched = await send(nginx.port, '/image/1', { headers: { 'Accept-Encoding': 'gzip' } });
    expect(untouched.headers['content-encoding']).toBeUndefined();
    expect(untouched.body.equals(image)).toBe(true);
  });

  test('that ask not to be buffered arrive while they are being written', async () => {
    const request = http.get({
      host: '127.0.0.1',
      port: nginx.port,
      path: '/api/jobs/1/events',
      agent: false,
    });
    let text = '';
    request.on('error', () => undefined);
    request.on('response', (response) => response.on('data', (chunk: Buffer) => (text += chunk.toString())));
    await until('the event has come', () => text === 'data: first\n\n');
    request.destroy();
  });
});

describe('body caps', () => {
  const MiB = 1024 * 1024;

  test('let 1 MiB through to any route, and 20.5 MiB to /upload', async () => {
    const small = await send(nginx.port, '/analyze', { method: 'POST', body: Buffer.alloc(MiB) });
    expect(small.echo().bytes).toBe(MiB);
    const large = await send(nginx.port, '/upload', { method: 'POST', body: Buffer.alloc(20.5 * MiB) });
    expect(large.echo().bytes).toBe(20.5 * MiB);
  });

  test.each([
    ['/analyze', 1.5 * MiB],
    ['/api/tasks', 1.5 * MiB],
    ['/upload', 22 * MiB],
  ])('answer 413 on %s to %d bytes, with and without a Content-Length', async (path, bytes) => {
    for (const headers of [{}, { 'Transfer-Encoding': 'chunked' }]) {
      const reply = await send(nginx.port, path, { method: 'POST', body: Buffer.alloc(bytes), headers });
      expect(reply.status).toBe(413);
      expect(reply.headers['content-type']).toBe('application/problem+json');
      expect(reply.problem()).toMatchObject({ title: 'Content Too Large', status: 413 });
    }
  });
});

describe('access log', () => {
  test('has one JSON line per request', async () => {
    const headers = { 'X-Request-Id': 'logged-1', 'User-Agent': 'odd "agent" \\ é' };
    await send(nginx.port, '/analyze?x=%22', { method: 'POST', headers, body: 'hello' });
    const line = await nginx.logged('logged-1');
    expect(line).toMatchObject({
      client: '127.0.0.1',
      method: 'POST',
      service: 'nginx',
      level: 'info',
      msg: 'request',
      path: '/analyze',
      status: 200,
      upstream: `127.0.0.1:${gateway.port}`,
      upstream_status: '200',
      served_by: 'web-gateway',
      trace_id: '0af7651916cd43dd8448eb211c80319c',
    });
    expect(JSON.stringify(line)).not.toContain('odd');
    expect(line.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)$/);
    expect(typeof line.duration).toBe('number');
    expect(line.bytes).toBeGreaterThan(0);
  });

  test.each([
    ['GET', '/', '/'],
    ['GET', '/api/tasks?q=secret', '/api/tasks'],
    ['GET', '/add/secret', '/add/:task'],
    ['GET', '/%61dd/secret', 'other'],
    ['POST', '/api/add/secret?x=secret', '/api/add/:task'],
    ['DELETE', '/api/tasks/secret', 'other'],
    [
      'DELETE',
      '/api/jobs/0199aa00-0000-7000-8000-00000000000a/',
      '/api/jobs/0199aa00-0000-7000-8000-00000000000a/',
    ],
    ['GET', '/ui/assets/secret.js', '/ui/assets/:file'],
    ['GET', '/secret', 'other'],
  ])('has of %s %s the path %s', async (method, path, logged) => {
    const id = `path-${randomUUID()}`;
    await send(nginx.port, path, { method, headers: { 'X-Request-Id': id } });
    const line = await nginx.logged(id);
    expect(line).toMatchObject({ method, path: logged });
    expect(JSON.stringify(line)).not.toContain('secret');
  });

  test("includes nginx's own errors, also for requests that it could not read", async () => {
    await send(nginx.port, '/nowhere', { method: 'POST', headers: { 'X-Request-Id': 'logged-2' } });
    expect(await nginx.logged('logged-2')).toMatchObject({ method: 'POST', status: 404, upstream: '' });
    const answer = await sendRaw(nginx.port, '\x16\x03\x01 no http\r\n\r\n');
    const requestId = /"request_id":"([0-9a-f]+)"/.exec(answer)?.[1] ?? '';
    expect(await nginx.logged(requestId)).toMatchObject({ status: 400, method: '' });
  });

  test('is written in complete lines, and soon', async () => {
    const ids = Array.from({ length: 300 }, (_, index) => `many-${index}`);
    await Promise.all(ids.map((id) => send(nginx.port, '/', { headers: { 'X-Request-Id': id } })));
    // Each line is parsed while it is read.
    await Promise.all(ids.map((id) => nginx.logged(id)));
  });

  test('omits a healthy /health', async () => {
    await send(nginx.port, '/health', { headers: { 'X-Request-Id': 'probe' } });
    await send(nginx.port, '/', { headers: { 'X-Request-Id': 'after-probe' } });
    await nginx.logged('after-probe');
    expect(await readFile(`${nginx.folder}/logs/access.log`, 'utf8')).not.toContain('"request_id":"probe"');
  });
});
