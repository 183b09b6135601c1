// Who the client is: the address of the connection, or the one reported by a trusted proxy.
import http from 'node:http';
import { once } from 'node:events';
import { send } from './client.js';
import { type Nginx, startNginx, startUpstream, type Upstream } from './support.js';

const STREAMS = 50;

let gateway: Upstream;
let taskApi: Upstream;
let started: Nginx[] = [];

beforeAll(async () => {
  gateway = await startUpstream('web-gateway');
  taskApi = await startUpstream('task-api', (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
    response.write('data: first\n\n');
  });
});

afterEach(async () => {
  await Promise.all(started.map((nginx) => nginx.stop()));
  started = [];
});

afterAll(() => Promise.all([gateway.stop(), taskApi.stop()]));

async function front(proxies?: string): Promise<Nginx> {
  const nginx = await startNginx({
    replicas: { 'web-gateway': [gateway.port], 'task-api': [taskApi.port] },
    settings: proxies === undefined ? {} : { TRUSTED_PROXIES: proxies },
  });
  started.push(nginx);
  return nginx;
}

const seen = async (nginx: Nginx, headers: http.OutgoingHttpHeaders) =>
  (await send(nginx.port, '/', { headers })).echo().headers;

test('without trusted proxies, what a client claims about itself is dropped', async () => {
  const headers = await seen(await front(), {
    'X-Forwarded-For': '203.0.113.9',
    'X-Real-IP': '203.0.113.9',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Host': 'evil.example',
    'X-Forwarded-Port': '1',
    'X-Forwarded-Prefix': '/evil',
    Forwarded: 'for=203.0.113.9',
    'X-Request-Timeout-Ms': '1',
    Priority: 'u=7',
    'X-Shared-Address': '1',
  });
  expect(headers).toMatchObject({
    'x-real-ip': '127.0.0.1',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': headers['host'],
  });
  for (const name of [
    'forwarded',
    'x-forwarded-port',
    'x-forwarded-prefix',
    'x-request-timeout-ms',
    'priority',
    'x-shared-address',
  ])
    expect(headers).not.toHaveProperty(name);
});

test.each([
  ['one proxy', '203.0.113.9', '203.0.113.9'],
  ['a load balancer before it', '203.0.113.9, 10.1.2.3', '203.0.113.9'],
  ['what a client made up before that', '198.51.100.1, 203.0.113.9, 10.1.2.3', '203.0.113.9'],
  [
    'a client within the trusted network, and what it made up',
    '198.51.100.1, 192.0.2.1, 10.1.2.3',
    '192.0.2.1',
  ],
  ['IPv6', '2001:db8::9', '2001:db8::9'],
  ['nonsense', 'nonsense', '127.0.0.1'],
  ['nothing', undefined, '127.0.0.1'],
])('behind trusted proxies the client is read from the end: %s', async (_what, forwarded, client) => {
  const nginx = await front('127.0.0.1, 10.0.0.0/8');
  const headers = {
    'X-Request-Id': 'proxied',
    'X-Forwarded-Proto': 'https',
    ...(forwarded !== undefined && { 'X-Forwarded-For': forwarded }),
  };
  expect(await seen(nginx, headers)).toMatchObject({
    'x-real-ip': client,
    'x-forwarded-for': client,
    'x-forwarded-proto': 'https',
  });
  expect(await nginx.logged('proxied')).toMatchObject({ client });
});

test('services are told when many clients may share an address, as in Kubernetes without trusted proxies', async () => {
  const nginx = await startNginx({
    replicas: { 'web-gateway': [gateway.port] },
    replace: { 'upstreams.conf': { 'default $client_network': 'default ""' } },
  });
  started.push(nginx);
  expect(await seen(nginx, {})).toMatchObject({ 'x-real-ip': '127.0.0.1', 'x-shared-address': '1' });
});

test('a proxy that is not trusted is a client', async () => {
  const headers = { 'X-Forwarded-For': '203.0.113.9', 'X-Forwarded-Proto': 'https' };
  expect(await seen(await front('10.0.0.0/8'), headers)).toMatchObject({
    'x-real-ip': '127.0.0.1',
    'x-forwarded-proto': 'http',
  });
});

describe('an IPv6 /64 network is one client', () => {
  test.each([
    ['2001:db8:1:2::1', ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'], '2001:db8:1:3::1'],
    ['2001:0:0:5:1:2:3:4', ['2001:0:0:5::', '2001:0:0:5:0:0:3:4'], '2001:0:0:6:1:2:3:4'],
    ['2001:db8:a0d:a0d:a0d:a0d:a0d:a0d', ['2001:db8:a0d:a0d::'], '2001:db8:a0d:a0a::'],
    ['::ffff:192.0.2.7', [], '::ffff:192.0.2.8'],
  ])('%s and its like', async (first, same, other) => {
    const nginx = await front('127.0.0.1');
    const open = async (client: string) => {
      const headers = { 'X-Forwarded-For': client };
      const options = {
        host: '127.0.0.1',
        port: nginx.port,
        path: '/api/tasks/events',
        agent: false,
        headers,
      };
      const request = http.get(options).on('error', () => undefined);
      const [response] = (await once(request, 'response')) as [http.IncomingMessage];
      response.on('error', () => undefined);
      return { request, status: response.statusCode };
    };
    const streams = await Promise.all(Array.from({ length: STREAMS }, () => open(first)));
    expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]));
    const more = await Promise.all([...same, other, '192.0.2.1'].map(open));
    expect(more.map(({ status }) => status)).toEqual([...same.map(() => 429), 200, 200]);
    for (const { request } of [...streams, ...more]) request.destroy();
  });
});
