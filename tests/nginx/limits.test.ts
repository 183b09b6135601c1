import { once } from 'node:events';
import http from 'node:http';
import { until } from '../support/until.js';
import { send } from './client.js';
import { type Nginx, startNginx, startUpstream, type Upstream } from './support.js';

const LARGE = 8_000_000;
const IN_LINE = 64;
const STREAMS = 50;
const IMAGES = 64;

let nginx: Nginx;
let gateway: Upstream;
let taskApi: Upstream;

beforeEach(async () => {
  gateway = await startUpstream('web-gateway');
  taskApi = await startUpstream('task-api', (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
    response.write('data: first\n\n');
  });
  nginx = await startNginx({ replicas: { 'web-gateway': [gateway.port], 'task-api': [taskApi.port] } });
});

afterEach(async () => {
  await nginx.stop();
  await Promise.all([gateway.stop(), taskApi.stop()]);
});

/** Announces an upload and sends none of it. */
function announce(headers: http.OutgoingHttpHeaders, { port }: Nginx) {
  const options = { host: '127.0.0.1', port, path: '/upload', method: 'POST', agent: false };
  const request = http.request({ ...options, headers });
  request.on('error', () => undefined);
  request.flushHeaders();
  const response = once(request, 'response') as Promise<[http.IncomingMessage]>;
  response.catch(() => undefined);
  return { request, response };
}

test.each([
  ['large', { 'Content-Length': LARGE }],
  ['of unknown length', { 'Transfer-Encoding': 'chunked' }],
])(
  'of uploads that are %s, a limited number waits; more are refused before their body',
  async (_case, headers) => {
    // One begins at once. The next would two seconds later, for which this must not wait.
    const slow = await startNginx({
      replicas: { 'web-gateway': [gateway.port] },
      replace: { 'limits.conf': { 'rate=30r/m': 'rate=1r/m' } },
    });
    try {
      const all = Array.from({ length: 1 + IN_LINE + 9 }, () => announce(headers, slow));
      const refused: http.IncomingMessage[] = [];
      for (const { response } of all)
        response.then(([answer]) => refused.push(answer)).catch(() => undefined);
      await until('nine are refused', () => refused.length >= 9);
      expect(refused.map(({ statusCode }) => statusCode)).toEqual(Array(9).fill(429));
      expect(refused[0]!.headers['retry-after']).toBe('5');
      expect(refused[0]!.headers['content-type']).toBe('application/problem+json');
      // Nobody else is held up, including this client's other requests.
      const small = await send(slow.port, '/upload', { method: 'POST', body: 'small' });
      expect(small.status).toBe(200);
      for (const { request } of all) request.destroy();
    } finally {
      await slow.stop();
    }
  },
);

test('a large upload by itself passes at once, and the next two seconds later', async () => {
  const body = Buffer.alloc(LARGE);
  const begun = performance.now();
  const took = await Promise.all(
    [0, 1].map(async () => {
      const reply = await send(nginx.port, '/upload', { method: 'POST', body });
      expect(reply.echo().bytes).toBe(LARGE);
      return performance.now() - begun;
    }),
  );
  const [first, second] = took.sort((a, b) => a - b);
  expect(second).toBeGreaterThan(1_500);
  // Nothing holds the first one up, except for a machine that is busy with both.
  expect(first).toBeLessThan(second!);
});

test('hundreds of small uploads at once pass', async () => {
  const body = Buffer.alloc(50_000);
  const replies = await Promise.all(
    Array.from({ length: 300 }, () => send(nginx.port, '/upload', { method: 'POST', body })),
  );
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
});

test('an address may have a limited number of event streams open, and one more when it has closed one', async () => {
  const open = async () => {
    const request = http.get({
      host: '127.0.0.1',
      port: nginx.port,
      path: '/api/tasks/events',
      agent: false,
    });
    request.on('error', () => undefined);
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    response.on('error', () => undefined);
    return { request, status: response.statusCode };
  };
  const streams = await Promise.all(Array.from({ length: STREAMS }, open));
  expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]));
  expect((await open()).status).toBe(429);
  streams[0]!.request.destroy();
  await until('its place is free', async () => (await open()).status === 200);
  for (const { request } of streams) request.destroy();
});

test('an address may download a limited number of images at once, and another one when one is complete', async () => {
  // Reads only the beginning of an image.
  const images = await startUpstream('web-gateway', (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'image/png', 'Content-Length': 1_000_000 });
    response.write(Buffer.alloc(100_000));
  });
  const other = await startNginx({ replicas: { 'web-gateway': [images.port], 'task-api': [taskApi.port] } });
  try {
    const get = async () => {
      const request = http.get({ host: '127.0.0.1', port: other.port, path: '/image/a', agent: false });
      request.on('error', () => undefined);
      const [response] = (await once(request, 'response')) as [http.IncomingMessage];
      response.on('error', () => undefined);
      return { request, status: response.statusCode };
    };
    const downloads = await Promise.all(Array.from({ length: IMAGES }, get));
    expect(new Set(downloads.map(({ status }) => status))).toEqual(new Set([200]));
    expect((await get()).status).toBe(429);
    downloads[0]!.request.destroy();
    await until('there is room again', async () => (await get()).status === 200);
    for (const { request } of downloads) request.destroy();
  } finally {
    await other.stop();
    await images.stop();
  }
});

test('EDGE_REQUESTS_PER_SECOND limits an address after a burst; others are not affected', async () => {
  const wall = await startNginx({
    replicas: { 'web-gateway': [gateway.port] },
    settings: { EDGE_REQUESTS_PER_SECOND: '5', TRUSTED_PROXIES: '127.0.0.1' },
    replace: { 'routes.conf': { 'burst=1000': 'burst=10' } },
  });
  try {
    const ask = (address: string, path = '/') =>
      send(wall.port, path, { headers: { 'X-Forwarded-For': address } });
    const begun = performance.now();
    const replies = await Promise.all(
      Array.from({ length: 200 }, (_, number) => ask('192.0.2.1', number % 2 ? '/' : '/upload')),
    );
    const seconds = (performance.now() - begun) / 1_000;
    const refused = replies.filter(({ status }) => status === 429);
    expect(replies.length - refused.length).toBeGreaterThanOrEqual(11);
    expect(replies.length - refused.length).toBeLessThanOrEqual(12 + 5 * seconds);
    expect(refused[0]!.headers).toMatchObject({
      'retry-after': '5',
      'content-type': 'application/problem+json',
    });
    expect((await ask('192.0.2.2')).status).toBe(200);
  } finally {
    await wall.stop();
  }
});
