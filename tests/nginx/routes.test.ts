import { createOpenApiDocument } from '@millrace/contracts/openapi';
import { send, sendRaw } from './client.js';
import { checkConfiguration, type Nginx, startNginx, startUpstream, type Upstream } from './support.js';

let nginx: Nginx;
let upstreams: Upstream[];

beforeAll(async () => {
  const [webGateway, taskApi, userApi] = await Promise.all([
    startUpstream('web-gateway'),
    startUpstream('task-api'),
    startUpstream('user-api'),
  ]);
  upstreams = [webGateway, taskApi, userApi];
  nginx = await startNginx({
    replicas: { 'web-gateway': [webGateway.port], 'task-api': [taskApi.port], 'user-api': [userApi.port] },
  });
});

afterAll(async () => {
  await nginx.stop();
  await Promise.all(upstreams.map((upstream) => upstream.stop()));
});

test('nginx accepts the configuration', () => {
  expect(() => checkConfiguration(nginx.folder)).not.toThrow();
});

test.each([
  ['GET', '/', 'web-gateway'],
  ['GET', '/?welcome=1', 'web-gateway'],
  ['GET', '/health', 'web-gateway'],
  ['GET', '/ui/jobs', 'web-gateway'],
  ['GET', '/ui/jobs?status=failed', 'web-gateway'],
  ['GET', '/ui/assets/main-1A2B3C4D.js', 'web-gateway'],
  ['GET', '/docs', 'web-gateway'],
  ['GET', '/openapi.json', 'web-gateway'],
  ['POST', '/analyze', 'web-gateway'],
  ['POST', '/analyze?async=true', 'web-gateway'],
  ['POST', '/upload', 'web-gateway'],
  ['GET', '/image/0c5b', 'web-gateway'],
  ['GET', '/upload/0c5b/trace', 'web-gateway'],
  ['POST', '/lab/runs?requests=20', 'web-gateway'],
  ['POST', '/api/add', 'task-api'],
  ['POST', '/api/add/task1', 'task-api'],
  ['GET', '/api/', 'task-api'],
  ['GET', '/api/jobs/1/events', 'task-api'],
  ['GET', '/api/tasks/events', 'task-api'],
  ['PATCH', '/api/tasks/1', 'task-api'],
  ['PUT', '/api/tasks/1', 'task-api'],
  ['DELETE', '/api/tasks/1', 'task-api'],
  ['OPTIONS', '/api/tasks', 'task-api'],
  ['GET', '/add/task1', 'task-api'],
  ['GET', '/tasks', 'task-api'],
  ['GET', '/tasks?limit=2&cursor=a%2Fb%3D', 'task-api'],
  ['GET', '/tasks/1', 'task-api'],
  ['GET', '/user', 'user-api'],
  ['GET', '/user/', 'user-api'],
  ['POST', '/user/register', 'user-api'],
])('passes %s %s to %s unchanged', async (method, path, upstream) => {
  const reply = await send(nginx.port, path, { method });
  expect(reply.status).toBe(200);
  expect(reply.echo()).toMatchObject({ upstream, method, url: path });
});

test.each(Object.keys(createOpenApiDocument().paths ?? {}).filter((path) => path !== '/'))(
  'takes %s to the same service with and without a slash at the end',
  async (path) => {
    const plain = path.replace(/\{\w+\}/g, 'x').replace(/\/$/, '');
    const [without, withSlash] = await Promise.all([plain, `${plain}/`].map((url) => send(nginx.port, url)));
    expect(without!.status).toBe(200);
    expect(withSlash!.echo()).toMatchObject({ upstream: without!.echo().upstream, url: `${plain}/` });
  },
);

test.each([
  ['/', 'task-api'],
  ['/health', 'task-api'],
  ['/analyze', 'web-gateway'],
  ['/user/users', 'user-api'],
])('on the host task-user.local, passes %s to %s', async (path, upstream) => {
  for (const host of ['task-user.local', 'Task-User.Local:8080']) {
    const reply = await send(nginx.port, path, { headers: { host } });
    expect(reply.echo()).toMatchObject({ upstream, url: path });
  }
});

test.each([
  '/api/add/a%2Fb',
  '/api/add/a%2fb%20c',
  '/api/add/50%25',
  '/api/add/%E6%97%A5%E6%9C%AC',
  '/api/add/%22quoted%22%20%3Ctitle%3E',
  '/api/add/..%2Fx',
  '/api/add/%2e%2e',
  '/api/add/a//b',
  '/api/add/what%3F?x=%2F&y=a+b',
  `/api/add/${'%F0%9F%98%80'.repeat(1300)}`,
])('does not touch the encoding of %.60s', async (path) => {
  const reply = await send(nginx.port, path, { method: 'POST' });
  expect(reply.echo()).toMatchObject({ upstream: 'task-api', url: path });
});

describe('what is not in the route table', () => {
  const hidden = [
    '/metrics',
    '/livez',
    '/readyz',
    '/process',
    '/internal',
    '/internal/jobs',
    '/nowhere',
    '/api',
    '/add',
    '/image',
    '/ui',
    '/lab',
    '/lab/runs/1',
    '/healthz',
    '/userx',
    '/tasksx',
    '/index.html',
    '/.env',
    '/API/tasks',
  ];
  const disguised = [
    '//internal',
    '//internal/jobs',
    '//api/tasks',
    '/%69nternal/jobs',
    '/%61pi/tasks',
    '/./internal/jobs',
    '/api/../internal/x',
    '/api/../../internal/x',
    '/api/./../internal/x',
    '/api/%2e%2e/internal/jobs',
    '/api/%2E./internal/jobs',
    '/api/..%2finternal',
    '/api/..%2Finternal/jobs',
    '/api%2f..%2finternal/jobs',
    '/api//../../internal/jobs',
    '/user/..%2fmetrics',
    '/health/../metrics',
    '/internal/../api/tasks',
    '/internal/jobs/../../api/tasks',
    '/internal/jobs/..%2f..%2fapi%2ftasks',
    '/internal/jobs/%2e%2e/%2e%2e/api/tasks',
    '/internal%2f..%2fapi/tasks',
    '/internal/..',
    '/metrics/..',
    '/metrics/%2e%2e/health',
    '/metrics/..%2ftasks',
    '/process/..%2fanalyze',
    '/api/add/..%2F..%2Fhealth',
    '/internal;/../api/tasks',
    '/api\\..\\..\\internal/..%2f..%2finternal',
  ];

  test.each([...hidden, ...disguised])('is refused and reaches no service: %s', async (path) => {
    for (const method of ['GET', 'POST']) {
      const before = upstreams.flatMap((upstream) => upstream.received).length;
      const reply = await send(nginx.port, path, { method });
      expect([400, 404]).toContain(reply.status);
      expect(reply.headers['content-type']).toBe('application/problem+json');
      expect(reply.problem()).toMatchObject({ status: reply.status });
      expect(upstreams.flatMap((upstream) => upstream.received)).toHaveLength(before);
    }
  });

  test.each([
    'GET http://millrace.local/internal/jobs HTTP/1.1',
    'GET http://millrace.local/internal/jobs/..%2f..%2fapi/x HTTP/1.1',
    'GET http://millrace.local/internal?/../api/ HTTP/1.1',
    'GET /internal/jobs#/../../api/tasks HTTP/1.1',
    'GET /internal/jobs/..%2f..%2fapi%2fa%20b HTTP/1.1',
    'GET /internal/jobs/..%2f..%2fapi%2f%0a/internal/x HTTP/1.1',
    'GET /internal/jobs /api/x HTTP/1.1',
    'GET /internal/..%2fapi/%00 HTTP/1.1',
  ])('is refused in unusual request lines too: %s', async (line) => {
    const before = upstreams.flatMap((upstream) => upstream.received).length;
    const answer = await sendRaw(nginx.port, `${line}\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
    expect(answer).toContain('"type":"about:blank"');
    expect(upstreams.flatMap((upstream) => upstream.received)).toHaveLength(before);
  });

  test('every request that reached a service has a path from the table', () => {
    const seen = upstreams.flatMap((upstream) => upstream.received).map(({ url }) => url);
    const known =
      /^\/($|\?|(health|docs|openapi\.json|analyze|upload|tasks|user|lab\/runs)\/?($|\?)|(ui|image|api|add|tasks|user)\/|upload\/[^/]+\/trace\/?($|\?))/;
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.filter((url) => !known.test(url))).toEqual([]);
  });
});

test('passes a request line with a whole URL to the service of its path and host', async () => {
  const line = 'GET http://task-user.local/health HTTP/1.1';
  const answer = await sendRaw(nginx.port, `${line}\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  expect(answer).toContain('"upstream":"task-api"');
  expect(answer).toContain('"url":"/health"');
  expect(answer).toContain('"host":"task-user.local"');
});
