import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../local/servers/ports.js';
import { FAULT_ANSWER_MS } from '../support/fault-time.js';
import { until } from '../support/until.js';
import { type Reply, send, sendRaw } from './client.js';
import { startDeafListener } from './deaf-listener.js';
import { type Nginx, startNginx, startUpstream, type Upstream } from './support.js';

// What a test has started, stopped after it in reverse order, whether it passed or not.
const cleanUps: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function upstream(...parameters: Parameters<typeof startUpstream>): Promise<Upstream> {
  const started = await startUpstream(...parameters);
  cleanUps.push(() => started.stop());
  return started;
}

async function deafPort(): Promise<number> {
  const started = await startDeafListener();
  cleanUps.push(() => started.stop());
  return started.port;
}

async function front(...parameters: Parameters<typeof startNginx>): Promise<Nginx> {
  const started = await startNginx(...parameters);
  cleanUps.push(() => started.stop());
  return started;
}

function expectProblem(reply: Reply, status: number, title: string, extension: object = {}): void {
  expect(reply.status).toBe(status);
  expect(reply.headers).toMatchObject({
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  });
  const { detail, ...rest } = reply.problem();
  const requestId = reply.headers['x-request-id'];
  expect(rest).toEqual({ type: 'about:blank', title, status, request_id: requestId, ...extension });
  expect(detail).toMatch(/^[A-Z].*\.$/);
}

describe("nginx's own errors", () => {
  test.each(['/nowhere', '/nowhere.html', '/nowhere.json'])('404 on %s', async (path) => {
    const nginx = await front({});
    expectProblem(await send(nginx.port, path), 404, 'Not Found');
  });

  test('a HEAD request gets the same headers and no body', async () => {
    const nginx = await front({});
    const reply = await send(nginx.port, '/nowhere', { method: 'HEAD' });
    expect(reply.status).toBe(404);
    expect(reply.headers['content-type']).toBe('application/problem+json');
    expect(reply.body).toHaveLength(0);
  });

  test.each(['TRACE', 'PROPFIND', 'LOCK'])('405 with Allow to %s', async (method) => {
    const nginx = await front({});
    const reply = await send(nginx.port, '/api/tasks', { method });
    expectProblem(reply, 405, 'Method Not Allowed');
    expect(reply.headers.allow).toBe('GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS');
  });

  test('414 to a path and 431 to a header that are too long', async () => {
    const nginx = await front({});
    const sent = await Promise.all([
      send(nginx.port, `/api/add/${'a'.repeat(17_000)}`),
      send(nginx.port, '/', { headers: { 'X-Long': 'a'.repeat(17_000) } }),
    ]);
    expectProblem(sent[0], 414, 'URI Too Long');
    expectProblem(sent[1], 431, 'Request Header Fields Too Large');
  });

  test.each([
    ['an absurd host', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', '400'],
    ['two hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', '400'],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', '400'],
    ['no method', 'get / HTTP/1.1\r\nHost: a\r\n\r\n', '400'],
    ['a wrong escape', 'GET /api/%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', '400'],
    ['a path above the root', 'GET /../x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', '400'],
    ['a tunnel', 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n', '40[05]'],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      '400',
    ],
    [
      'a length twice',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n0',
      '400',
    ],
    [
      'a coding hidden by a space',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n',
      '400',
    ],
    [
      'two tokens',
      'GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n',
      '400',
    ],
    ['an unknown coding', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: zip\r\n\r\n', '501'],
    ['a future version', 'GET / HTTP/3.0\r\nHost: a\r\n\r\n', '505'],
    ['another protocol', '\x16\x03\x01\x02\x00\x01\r\n\r\n', '400'],
  ])('%s gets a response and the connection is closed', async (_what, request, status) => {
    const nginx = await front({});
    const answer = await sendRaw(nginx.port, request);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toMatch(/\r\nContent-Type: application\/problem\+json\r\n/);
    expect(answer).toMatch(new RegExp(`"status":${status},`));
  });
});

describe('a service that is down', () => {
  test('is answered with 503 and Retry-After, and served again as soon as it is back', async () => {
    const port = await freePort();
    const nginx = await front({ replicas: { 'task-api': [port] } });
    for (const method of ['GET', 'POST']) {
      const reply = await send(nginx.port, '/api/tasks', { method });
      // After a wait it would be a 504.
      expectProblem(reply, 503, 'Service Unavailable', { work_begun: false });
      expect(reply.headers).toMatchObject({ 'retry-after': '1', 'x-work-begun': 'false' });
    }
    await upstream('task-api', undefined, port);
    expect((await send(nginx.port, '/api/tasks')).status).toBe(200);
  });

  test('is answered with 503 to a large upload too', async () => {
    const nginx = await front({});
    const reply = await send(nginx.port, '/upload', { method: 'POST', body: Buffer.alloc(10_000_000) });
    expectProblem(reply, 503, 'Service Unavailable', { work_begun: false });
  });

  test('is answered within 5 s when it does not even refuse connections', async () => {
    const replicas = await Promise.all([deafPort(), deafPort(), deafPort()]);
    const nginx = await front({ replicas: { 'task-api': replicas } });
    const begun = performance.now();
    const reply = await send(nginx.port, '/api/tasks', { method: 'POST', body: '{}' });
    expectProblem(reply, 504, 'Gateway Timeout');
    expect(performance.now() - begun).toBeLessThan(FAULT_ANSWER_MS);
  });

  test('does not fail any request while another replica is up', async () => {
    const [staying, leaving] = [await upstream('stays'), await startUpstream('leaves')];
    const nginx = await front({ replicas: { 'task-api': [leaving.port, staying.port] } });
    const burst = () =>
      Promise.all(
        ['GET', 'POST'].flatMap((method) =>
          Array.from({ length: 20 }, () => send(nginx.port, '/api/tasks', { method, body: '{}' })),
        ),
      );
    const replicasOf = (replies: Reply[]) => new Set(replies.map((reply) => reply.echo().upstream));

    expect(replicasOf(await burst())).toEqual(new Set(['stays', 'leaves']));
    await leaving.stop();
    const replies = await burst();
    expect(replies.filter((reply) => reply.status !== 200)).toEqual([]);
    expect(replicasOf(replies)).toEqual(new Set(['stays']));
    expect(replies.every((reply) => reply.count('x-served-by') === 1)).toBe(true);
  });

  test('that does not even refuse connections leaves a POST to another replica', async () => {
    const [deaf, hearing] = [await deafPort(), await upstream('hears')];
    const nginx = await front({
      replicas: { 'task-api': [deaf, hearing.port] },
    });
    const replies = await Promise.all(
      Array.from({ length: 4 }, () => send(nginx.port, '/api/tasks', { method: 'POST', body: '{}' })),
    );
    expect(replies.map((reply) => reply.status)).toEqual([200, 200, 200, 200]);
    expect(hearing.received).toHaveLength(4);
  });
});

test('an upload that Nginx cannot store is answered with 503 and Retry-After', async () => {
  const gateway = await upstream('web-gateway');
  const nginx = await front({ replicas: { 'web-gateway': [gateway.port] } });
  // As good as a full disk: nothing can be written there.
  const folder = join(nginx.folder, 'tmp/client_body');
  await rm(folder, { recursive: true, force: true });
  await writeFile(folder, '');
  const reply = await send(nginx.port, '/upload', { method: 'POST', body: Buffer.alloc(10_000_000) });
  expectProblem(reply, 503, 'Service Unavailable', { work_begun: false });
  expect(reply.headers['retry-after']).toBe('1');
  expect(gateway.received).toHaveLength(0);
});

describe('a service that fails during a request', () => {
  test('gets GET /add/:task with a key, so that it is done once; no other route gets one', async () => {
    const breaking = await upstream('breaks', (request) => request.socket.destroy());
    const sound = await upstream('sound');
    const nginx = await front({ replicas: { 'task-api': [breaking.port, sound.port] } });
    const keysOf = (path: string) =>
      [...breaking.received, ...sound.received]
        .filter(({ url }) => url === path)
        .map(({ headers }) => headers['idempotency-key']);

    for (let n = 0; n < 10; n++) expect((await send(nginx.port, `/add/a%20${n}%20`)).status).toBe(200);
    const keys = Array.from({ length: 10 }, (_, n) => keysOf(`/add/a%20${n}%20`));
    expect(keys.some((each) => each.length === 2)).toBe(true);
    for (const each of keys) {
      expect(new Set(each).size).toBe(1);
      expect(each[0]).toMatch(/^[0-9a-f]{32}$/);
    }
    expect(new Set(keys.flat()).size).toBe(10);

    await send(nginx.port, '/add/own', { headers: { 'Idempotency-Key': 'my key' } });
    expect(new Set(keysOf('/add/own'))).toEqual(new Set(['my key']));
    await send(nginx.port, '/api/tasks');
    expect(new Set(keysOf('/api/tasks'))).toEqual(new Set([undefined]));
  });

  test('reports that an interrupted POST may have begun', async () => {
    const breaking = await upstream('breaks', (request) => request.socket.destroy());
    const nginx = await front({ replicas: { 'task-api': [breaking.port] } });
    const reply = await send(nginx.port, '/api/add/1', { method: 'POST' });
    expectProblem(reply, 503, 'Service Unavailable', { work_begun: true });
    expect(reply.headers['x-work-begun']).toBe('true');
  });

  test('does not get a POST again, but a GET goes to another replica', async () => {
    const breaking = await upstream('breaks', (request) => request.socket.destroy());
    const sound = await upstream('sound');
    const nginx = await front({ replicas: { 'task-api': [breaking.port, sound.port] } });

    const posts: number[] = [];
    for (let n = 0; n < 10; n++) {
      posts.push((await send(nginx.port, `/api/add/${n}`, { method: 'POST', body: '{}' })).status);
    }
    const received = [...breaking.received, ...sound.received].map(({ url }) => url).sort();
    expect(received).toEqual(Array.from({ length: 10 }, (_, n) => `/api/add/${n}`));
    expect(posts.filter((status) => status === 503)).toHaveLength(breaking.received.length);
    expect(breaking.received.length).toBeGreaterThan(0);

    const brokenBefore = breaking.received.length;
    for (let n = 0; n < 10; n++) expect((await send(nginx.port, '/api/tasks')).status).toBe(200);
    expect(breaking.received.length).toBeGreaterThan(brokenBefore);
  });

  test('is answered with 504 after the time-out when it hangs, and gets a POST once', async () => {
    const [hanging, other] = [
      await upstream('hangs', () => undefined),
      await upstream('other', () => undefined),
    ];
    const nginx = await front({
      replicas: { 'task-api': [hanging.port, other.port], 'web-gateway': [hanging.port] },
      replace: { 'proxy.conf': { 'proxy_read_timeout 5s': 'proxy_read_timeout 500ms' } },
    });
    const reply = await send(nginx.port, '/api/tasks', { method: 'POST', body: '{}' });
    expectProblem(reply, 504, 'Gateway Timeout');
    expect(reply.headers['retry-after']).toBeUndefined();
    expect([...hanging.received, ...other.received]).toHaveLength(1);
    expectProblem(await send(nginx.port, '/analyze', { method: 'POST' }), 504, 'Gateway Timeout');
  });

  test('has more time for an upload', async () => {
    let finish = () => {};
    const slow = await upstream('web-gateway', (request, response) => {
      if (request.url === '/upload') finish = () => response.end('done');
    });
    const nginx = await front({
      replicas: { 'web-gateway': [slow.port] },
      replace: { 'proxy.conf': { 'proxy_read_timeout 5s': 'proxy_read_timeout 500ms' } },
    });
    const upload = send(nginx.port, '/upload', { method: 'POST' });
    await until('it has the upload', () => slow.received.length === 1);
    expect((await send(nginx.port, '/analyze', { method: 'POST' })).status).toBe(504);
    finish();
    expect((await upload).status).toBe(200);
  });

  test.each([500, 502, 503, 504, 404])('its own %d passes through unchanged', async (status) => {
    const own = await upstream('task-api', (_request, response) => {
      response.writeHead(status, { 'Content-Type': 'application/problem+json', 'Retry-After': '7' });
      response.end('{"title":"its own words"}');
    });
    const nginx = await front({ replicas: { 'task-api': [own.port, own.port] } });
    const reply = await send(nginx.port, '/api/tasks');
    expect(reply.status).toBe(status);
    expect(reply.headers['retry-after']).toBe('7');
    expect(reply.problem()).toEqual({ title: 'its own words' });
    expect(own.received).toHaveLength(1);
  });
});
