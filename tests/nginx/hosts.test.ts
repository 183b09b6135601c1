// Which hosts nginx answers to. A page at a name that resolves to this machine (DNS rebinding) is none of them.
import { send, sendRaw } from './client.js';
import { type Nginx, startNginx, startUpstream, type Upstream } from './support.js';

let nginx: Nginx;
let userApi: Upstream;

beforeAll(async () => {
  userApi = await startUpstream('user-api');
  nginx = await startNginx({
    replicas: { 'user-api': [userApi.port] },
    settings: { SERVER_NAMES: 'Tasks.example.com, users.example.com' },
  });
});

afterAll(async () => {
  await nginx.stop();
  await userApi.stop();
});

test.each([
  'localhost',
  'localhost:8080',
  'LOCALHOST.',
  'localhost.:8080',
  '127.0.0.1',
  '192.168.1.20:8080',
  '[::1]',
  '[2001:db8::1]:8080',
  'task-user.local',
  'millrace.local',
  'nginx:8080',
  'nginx-service',
  'nginx-service.millrace',
  'nginx-service.millrace.svc',
  'nginx-service.millrace.svc.cluster.local',
  'tasks.example.com',
  'TASKS.example.com:443',
  'users.example.com',
])('answers on %s', async (host) => {
  expect((await send(nginx.port, '/user/users', { headers: { host } })).status).toBe(200);
});

test.each([
  'evil.example',
  'evil.example:8080',
  'example.com',
  'asks.example.com',
  'tasks.example.co',
  'tasks.example.com.evil.example',
  'tasksXexample.com',
  'localhost.evil.example',
  'evil.localhost',
  '127.0.0.1.evil.example',
  '2130706433',
  'xn--lcalhost-54a',
])('refuses %s, and no service sees the request', async (host) => {
  const before = userApi.received.length;
  for (const method of ['GET', 'POST', 'OPTIONS']) {
    const reply = await send(nginx.port, '/user/users', { method, headers: { host } });
    expect(reply.status).toBe(421);
    expect(reply.headers['content-type']).toBe('application/problem+json');
    expect(reply.problem()).toMatchObject({ title: 'Misdirected Request', status: 421 });
  }
  expect(userApi.received).toHaveLength(before);
});

test('answers an HTTP/1.0 request without a host, as probes send it', async () => {
  expect(await sendRaw(nginx.port, 'GET /user/users HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
});

test('uses the host of the request line, which takes precedence', async () => {
  const request = (url: string, host: string) =>
    sendRaw(nginx.port, `GET ${url} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  expect(await request('http://evil.example/user/users', 'localhost')).toMatch(/^HTTP\/1\.1 421 /);
  expect(await request('http://localhost/user/users', 'evil.example')).toMatch(/^HTTP\/1\.1 200 /);
});

test.each([
  [{ SERVER_NAMES: 'a.example, *.b.example' }, 'SERVER_NAMES takes host names, such as millrace.example.com'],
  [{ SERVER_NAMES: "a'; } #" }, 'SERVER_NAMES takes host names'],
  [{ EDGE_REQUESTS_PER_SECOND: '1.5' }, 'EDGE_REQUESTS_PER_SECOND takes a number'],
  [
    { CORS_ORIGINS: '*' },
    'CORS_ORIGINS takes origins, such as https://app.example.com, separated by commas, not "*"',
  ],
  [{ CORS_ORIGINS: 'https://a.example/' }, 'not "https://a.example/"'],
  [{ CORS_ORIGINS: 'null' }, 'not "null"'],
  [{ TRUSTED_PROXIES: 'ingress' }, 'TRUSTED_PROXIES takes addresses and networks'],
])('names an invalid setting: %j', async (settings, message) => {
  await expect(startNginx({ settings })).rejects.toThrow(message);
});
