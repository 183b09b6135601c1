// What web pages of other origins may do: change nothing, unless CORS_ORIGINS names them.
import type { OutgoingHttpHeaders } from 'node:http';
import { send } from './client.js';
import { type Nginx, startNginx, startUpstream, type Upstream } from './support.js';

const APP = 'https://app.example.com';
const OTHER_APP = 'http://localhost:5173';

let taskApi: Upstream;
/** Without and with CORS_ORIGINS. */
let closed: Nginx;
let open: Nginx;

beforeAll(async () => {
  taskApi = await startUpstream('task-api');
  const replicas = { 'task-api': [taskApi.port] };
  closed = await startNginx({ replicas });
  open = await startNginx({ replicas, settings: { CORS_ORIGINS: `${APP},${OTHER_APP}` } });
});

afterAll(async () => {
  await Promise.all([closed.stop(), open.stop()]);
  await taskApi.stop();
});

const changes = [
  ['POST', '/api/add/task1'],
  ['PUT', '/api/tasks/1'],
  ['PATCH', '/api/tasks/1'],
  ['DELETE', '/api/tasks/1'],
  ['GET', '/add/task1'],
  ['HEAD', '/add/task1'],
] as const;

async function statusesOf(nginx: Nginx, headers: OutgoingHttpHeaders): Promise<number[]> {
  const replies = await Promise.all(
    changes.map(([method, path]) =>
      send(nginx.port, path, { method, headers: { host: 'localhost:8080', ...headers } }),
    ),
  );
  return [...new Set(replies.map(({ status }) => status))];
}

describe('a request that changes something', () => {
  test.each<[string, OutgoingHttpHeaders]>([
    ['by programs', {}],
    ['by our own pages', { 'Sec-Fetch-Site': 'same-origin', Origin: 'http://localhost:8080' }],
    ['from the address bar', { 'Sec-Fetch-Site': 'none' }],
    ['by our own pages, in browsers that do not say where from', { Origin: 'http://localhost:8080' }],
    ['by our own pages behind TLS', { host: 'millrace.local', Origin: 'https://millrace.local' }],
    [
      'by our own pages behind a proxy that changes the host',
      { 'Sec-Fetch-Site': 'same-origin', Origin: 'https://a.example' },
    ],
  ])('passes when sent %s', async (_by, headers) => {
    expect(await statusesOf(closed, headers)).toEqual([200]);
  });

  test.each<[string, OutgoingHttpHeaders]>([
    ['by another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['by another port or a sibling host', { 'Sec-Fetch-Site': 'same-site', Origin: OTHER_APP }],
    ['by something new', { 'Sec-Fetch-Site': 'elsewhere' }],
    ['by another site, in browsers that do not say where from', { Origin: 'https://evil.example' }],
    ['by another port, in browsers that do not say where from', { Origin: OTHER_APP }],
    ['by a file or a sandbox', { Origin: 'null' }],
    ['by a host that begins as ours', { Origin: 'http://localhost:8080.evil.example' }],
    ['by a host that ends as ours', { Origin: 'http://evil.localhost:8080' }],
  ])('is refused when sent %s, and no service sees it', async (_by, headers) => {
    const before = taskApi.received.length;
    expect(await statusesOf(closed, headers)).toEqual([403]);
    expect(taskApi.received).toHaveLength(before);
    const reply = await send(closed.port, '/api/add/task1', {
      method: 'POST',
      headers: { host: 'localhost:8080', ...headers },
    });
    expect(reply.headers['content-type']).toBe('application/problem+json');
    expect(reply.problem()).toMatchObject({ title: 'Forbidden', status: 403 });
    expect(reply.problem().detail).toContain('CORS_ORIGINS');
  });

  test('is refused, and nothing else is: pages of other origins cannot read responses', async () => {
    const headers = { 'Sec-Fetch-Site': 'cross-site' };
    const reply = await send(closed.port, '/api/tasks', { headers });
    expect(reply.status).toBe(200);
    expect(reply.headers['access-control-allow-origin']).toBeUndefined();
    expect(reply.headers.vary).toBeUndefined();
  });
});

describe('GET /add/:task', () => {
  test.each<OutgoingHttpHeaders>([
    { 'Sec-Purpose': 'prefetch', 'Sec-Fetch-Site': 'same-origin' },
    { 'Sec-Purpose': 'prefetch;prerender', 'Sec-Fetch-Site': 'none' },
    { Purpose: 'prefetch' },
    { 'X-Purpose': 'preview' },
    { 'X-Moz': 'prefetch' },
  ])('creates nothing in advance: %j', async (headers) => {
    const before = taskApi.received.length;
    const reply = await send(closed.port, '/add/task1', { headers });
    expect(reply.status).toBe(403);
    expect(reply.problem().detail).toContain('prefetching');
    expect(taskApi.received).toHaveLength(before);
  });

  test('is the only GET that is not prefetched', async () => {
    expect((await send(closed.port, '/api/tasks', { headers: { 'Sec-Purpose': 'prefetch' } })).status).toBe(
      200,
    );
  });
});

describe('pages of CORS_ORIGINS', () => {
  const preflight = (origin: string, method = 'PATCH') => ({
    method: 'OPTIONS',
    headers: {
      Origin: origin,
      'Access-Control-Request-Method': method,
      'Access-Control-Request-Headers': 'content-type,idempotency-key',
    },
  });

  test.each([APP, OTHER_APP])('may send all requests, and read the responses: %s', async (origin) => {
    const headers = { Origin: origin, 'Sec-Fetch-Site': 'cross-site' };
    for (const method of ['GET', 'POST']) {
      const reply = await send(open.port, '/api/tasks', { method, headers });
      expect(reply.status).toBe(200);
      expect(reply.headers).toMatchObject({ 'access-control-allow-origin': origin, vary: 'Origin' });
      expect(reply.headers['access-control-expose-headers']).toMatch(
        /Location.*Retry-After.*X-Request-Id.*X-Served-By/,
      );
      expect(reply.headers['access-control-allow-credentials']).toBeUndefined();
    }
    const problem = await send(open.port, '/nowhere', { headers });
    expect(problem.status).toBe(404);
    expect(problem.headers['access-control-allow-origin']).toBe(origin);
  });

  test('are told so before they send a request', async () => {
    const before = taskApi.received.length;
    const reply = await send(open.port, '/api/tasks/1', preflight(APP));
    expect(reply.status).toBe(204);
    expect(reply.headers).toMatchObject({
      'access-control-allow-origin': APP,
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-max-age': '600',
      vary: 'Origin',
    });
    expect(reply.headers['access-control-allow-headers']).toMatch(
      /Authorization.*Content-Type.*Idempotency-Key/,
    );
    expect(taskApi.received).toHaveLength(before);
  });

  test.each([
    `${APP}.evil.example`,
    'https://app.example.co',
    'http://app.example.com',
    `${APP}:8443`,
    'null',
    'https://evil.example',
  ])('are the only ones: not %s', async (origin) => {
    const asked = await send(open.port, '/api/tasks/1', preflight(origin));
    // The service's own answer to OPTIONS, which allows nothing.
    expect(asked.echo()).toMatchObject({ upstream: 'task-api', method: 'OPTIONS' });
    expect(asked.headers['access-control-allow-origin']).toBeUndefined();
    expect(asked.headers.vary).toBe('Origin');
    const sent = await send(open.port, '/api/tasks', {
      method: 'POST',
      headers: { Origin: origin, 'Sec-Fetch-Site': 'cross-site' },
    });
    expect(sent.status).toBe(403);
  });

  test('do not change a program’s OPTIONS', async () => {
    const reply = await send(open.port, '/api/tasks', { method: 'OPTIONS' });
    expect(reply.echo()).toMatchObject({ upstream: 'task-api', method: 'OPTIONS' });
  });
});
