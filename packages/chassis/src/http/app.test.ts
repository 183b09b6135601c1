import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { METHODS } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Response, Router } from 'express';
import request from 'supertest';
import { eventually } from '../../../../tests/support/eventually.js';
import { type Listener, listenOnFreePort } from '../../../../tests/support/listen.js';
import { readyLifecycle, recordingLogger } from '../../../../tests/support/service-basics.js';
import { type MetricsServer, serveMetrics } from '../telemetry/metrics-server.js';
import { createHttpApp } from './app.js';
import { createEventStreams } from './answer/event-stream.js';
import { ClientLeft, Unavailable } from './problem.js';
import { jsonBody } from './input/json-body.js';
import { createLifecycle } from '../process/lifecycle.js';
import { methodNotAllowed } from './method-not-allowed.js';
import {
  currentContext,
  currentSignal,
  type RequestContext,
  workMayHaveBegun,
} from '../process/context/request-context.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const streams = createEventStreams({ lifecycle: readyLifecycle() });
const routes = Router();
routes
  .route('/things/:id')
  .get((req, res) => void res.json({ id: req.params.id }))
  .post(jsonBody, (req, res) => void res.json({ body: req.body as unknown }))
  .all(methodNotAllowed);
routes.get('/busy', () => {
  throw new Unavailable('No room.');
});
routes.get('/busy-in-the-middle', () => {
  workMayHaveBegun();
  throw new Unavailable('No more room.');
});
/** Waits for the end of its request. */
let begun = 0;
const ends: unknown[] = [];
routes.get('/waits', async () => {
  const signal = currentSignal()!;
  begun += 1;
  try {
    await sleep(30_000, undefined, { signal });
  } finally {
    ends.push(signal.reason);
  }
});
routes.get('/events', (req, res) => void streams.open(req, res));
/** As timers and connections do that were created on a request's behalf. */
const kept: { context: RequestContext; answer: WeakRef<Response> }[] = [];
routes.get('/kept', (_req, res) => {
  currentSignal();
  kept.push({ context: currentContext()!, answer: new WeakRef(res) });
  res.json({});
});
routes.get('/client', (_req, res) => {
  res.json({ client: currentContext()?.client });
});
routes.get('/broken', () => {
  throw new Error('the password is hunter2');
});

let dependency: () => Promise<unknown> = () => Promise.resolve();
const lifecycle = readyLifecycle();
const { logger, lines } = recordingLogger();
const app = createHttpApp({
  service: 'things',
  pod: 'things-1',
  lifecycle,
  logger,
  routes: [routes],
  checks: [{ name: 'db', check: () => dependency() }],
});
let listener: Listener;
let metrics: MetricsServer;
beforeAll(async () => {
  metrics = await serveMetrics({ port: 0, host: '127.0.0.1' });
  // As a service does it; the prototypes are looked at before Express sees the request.
  listener = await listenOnFreePort(app);
});
afterAll(async () => {
  metrics.close();
  await listener.close();
});
beforeEach(() => {
  lines.length = 0;
});

const call = () => request(listener.url);
const post = () => call().post('/things/1');

const metricsPage = async () => (await fetch(`http://127.0.0.1:${metrics.port}/metrics`)).text();
/** How many requests have ended: `GET /things/:id 200`. */
const counts = async () =>
  Object.fromEntries(
    [
      ...(await metricsPage()).matchAll(
        /^http_server_request_duration_seconds_count\{http_request_method="(.*)",http_route="(.*)",http_response_status_code="(.*)"\} (\d+)$/gm,
      ),
    ].map(([, method, route, status, count]) => [`${method} ${route} ${status}`, Number(count)]),
  );
const openStreams = async () => Number(/^http_server_open_streams (\d+)$/m.exec(await metricsPage())![1]);

describe('every answer', () => {
  it.each([
    ['/things/1', 200],
    ['/nothing', 404],
    ['/broken', 500],
    ['/livez', 200],
    ['/%ff', 404],
    ['/things/%ff', 400],
  ])('names its replica and its request: %s', async (path, status) => {
    const response = await call().get(path).set('X-Request-Id', 'r-7').expect(status);
    expect(response.headers).toMatchObject({
      'x-served-by': 'things-1',
      'x-request-id': 'r-7',
      'x-content-type-options': 'nosniff',
    });
    expect(response.get('x-powered-by')).toBeUndefined();
    if (status >= 400) {
      expect(response.type).toBe('application/problem+json');
      expect(response.body).toMatchObject({ type: 'about:blank', status, request_id: 'r-7' });
    }
  });

  it.each(['', 'a b', 'ä', 'x'.repeat(129), '{"a":1}'])('gets a new id instead of %j', async (id) => {
    const response = await call()
      .get('/livez')
      .set('X-Request-Id', Buffer.from(id).toString('latin1'))
      .expect(200);
    expect(response.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('a body', () => {
  it.each<[string, () => request.Test, number]>([
    ['broken JSON', () => post().type('json').send('{"a":'), 400],
    ['another type', () => post().type('text/plain').send('x'), 415],
    ['a form', () => post().type('form').send('a=1'), 415],
    [
      'invalid UTF-8',
      () =>
        post()
          .type('json')
          .serialize((body: Buffer) => body as unknown as string)
          .send(Buffer.from([0x22, 0xff, 0x22])),
      400,
    ],
    [
      'another charset',
      () => post().set('Content-Type', 'application/json; charset=x-unknown').send('{}'),
      415,
    ],
    ['an unknown encoding', () => post().type('json').set('Content-Encoding', 'x-zip').send('{}'), 415],
    [
      'more than 256 KiB',
      () =>
        post()
          .type('json')
          .send(`"${'x'.repeat(256 * 1024)}"`),
      413,
    ],
  ])('of %s is refused', async (_case, send, status) => {
    const response = await send().expect(status);
    expect(response.type).toBe('application/problem+json');
    expect(response.get('x-served-by')).toBe('things-1');
  });

  it('can be any JSON', async () => {
    expect((await post().type('json').send('null').expect(200)).body).toEqual({ body: null });
    expect((await post().type('application/merge-patch+json').send('[1]').expect(200)).body).toEqual({
      body: [1],
    });
  });
});

it('answers 405 with the allowed methods, and OPTIONS with 204', async () => {
  const allow = 'GET, POST, HEAD, OPTIONS';
  expect((await call().delete('/things/1').expect(405)).get('allow')).toBe(allow);
  expect((await call().options('/things/1').expect(204)).get('allow')).toBe(allow);
  expect((await call().post('/livez').expect(405)).get('allow')).toBe('GET, HEAD, OPTIONS');
});

it('hides internal errors, and logs them', async () => {
  const response = await call().get('/broken').set('X-Request-Id', 'r-9').expect(500);
  expect(response.text).not.toMatch(/hunter2|http-app/);
  await eventually(() => expect(JSON.stringify(lines)).toContain('hunter2'));
});

it.each([
  ['/busy', false],
  ['/busy-in-the-middle', true],
])('says with a 503 whether the work may have begun: %s', async (path, begun) => {
  const response = await call().get(path).expect(503);
  expect(response.get('x-work-begun')).toBe(String(begun));
  expect(response.body.work_begun).toBe(begun);
});

describe('the signal of a request', () => {
  beforeEach(() => {
    begun = 0;
    ends.length = 0;
    lines.length = 0;
  });

  it('aborts when the client disconnects, which is not an error', async () => {
    const socket = connect(listener.port, '127.0.0.1');
    socket.write('GET /waits HTTP/1.1\r\nHost: a\r\n\r\n');
    await eventually(() => expect(begun).toBe(1));
    socket.destroy();
    await eventually(() => expect(ends).toEqual([expect.any(ClientLeft)]));
    await eventually(() => expect(lines).toMatchObject([{ route: '/waits', aborted: true }]));
    await eventually(async () => expect(await counts()).toMatchObject({ 'GET /waits 499': 1 }));
  });

  it('aborts when its time is over, which is a 503', async () => {
    const response = await call().get('/waits').set('X-Request-Timeout-Ms', '300').expect(503);
    expect(response.body).toMatchObject({
      detail: 'The time limit of this request has passed.',
      work_begun: false,
    });
    expect(ends).toHaveLength(1);
  });

  it('aborts when the process is about to exit, which is a 503', async () => {
    const last = readyLifecycle();
    const expiring = createHttpApp({ service: 'a', pod: 'a-1', lifecycle: last, logger, routes: [routes] });
    const answer = request(expiring)
      .get('/waits')
      .then((response) => response);
    await eventually(() => expect(begun).toBe(1));
    last.expire();
    expect(await answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  });
});

it('keeps nothing of a finished request in memory', async () => {
  await call().get('/kept').expect(200);
  await eventually(() => {
    collectGarbage();
    expect(kept.map(({ answer }) => answer.deref())).toEqual([undefined]);
  });
  expect(kept[0]!.context.signal!().aborted).toBe(false);
});

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:0:1:aaaa::1', '2001:db8:0:1::/64'],
  ['2001:DB8::7', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['x'.repeat(200), 'x'.repeat(64)],
])('identifies %s as the client %s', async (address, client) => {
  expect((await call().get('/client').set('X-Real-IP', address)).body).toEqual({ client });
});

it('logs a line per request with its route, without path and query, and none for the probes', async () => {
  for (const path of ['/livez', '/readyz', '/health']) await call().get(path);
  await call().get('/things/secret?token=secret').expect(200);
  await call().get('/nothing/secret').expect(404);
  await eventually(() =>
    expect(lines).toMatchObject([
      { method: 'GET', route: '/things/:id', status: 200, msg: 'request' },
      { method: 'GET', route: 'none', status: 404, msg: 'request' },
    ]),
  );
  expect(JSON.stringify(lines)).not.toContain('secret');
});

describe('the metrics', () => {
  it('count requests by route, not by path', async () => {
    const before = await counts();
    for (const path of ['/things/a', '/things/b', '/nothing/1']) await call().get(path);
    await call().put('/things/c');
    await eventually(async () => {
      const now = await counts();
      const added = Object.keys(now).map((key) => [key, now[key]! - (before[key] ?? 0)] as const);
      expect(Object.fromEntries(added.filter(([, count]) => count > 0))).toEqual({
        'GET /things/:id 200': 2,
        '_OTHER /things/:id 405': 1,
        '_OTHER none 404': 1,
      });
    });
  });

  it('do not grow with the paths, methods and ids that clients invent', async () => {
    const before = Object.keys(await counts()).length;
    const lines: string[] = [];
    for (let index = 0; index < 10_000; index += 1) {
      const method = METHODS[index % METHODS.length]!;
      const path = index % 2 === 0 ? `/${index.toString(36)}/x` : `/things/${randomUUID()}`;
      if (method !== 'CONNECT') lines.push(`${method} ${path} HTTP/1.1\r\nHost: a\r\n`);
    }
    const socket = connect(listener.port, '127.0.0.1');
    socket.end(`${lines.join('\r\n')}Connection: close\r\n\r\n`);
    let answers = 0;
    for await (const chunk of socket) answers += (chunk as Buffer).toString().split('HTTP/1.1 ').length - 1;
    expect(answers).toBeGreaterThan(9_000);
    expect(Object.keys(await counts()).length - before).toBeLessThanOrEqual(5);
  }, 60_000);

  it('count streams while they are open, but not their durations', async () => {
    const { requests, streams } = { requests: await counts(), streams: await openStreams() };
    const abort = new AbortController();
    const response = await fetch(`${listener.url}/events`, { signal: abort.signal });
    expect(response.status).toBe(200);
    expect(await openStreams()).toBe(streams + 1);
    abort.abort();
    await eventually(async () => expect(await openStreams()).toBe(streams));
    expect(await counts()).toEqual(requests);
  });
});

it('recovers after a client that disconnects', async () => {
  const socket = connect(listener.port, '127.0.0.1');
  socket.write(
    'POST /things/1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
  );
  await once(socket, 'connect');
  socket.destroy();
  await call().get('/things/1').expect(200);
});

describe('health', () => {
  it('reports the dependencies, and gives up on one that hangs', async () => {
    expect((await call().get('/health').expect(200)).body.checks.db.status).toBe('healthy');
    for (const bad of [() => Promise.reject(new Error('no')), () => new Promise(() => undefined)]) {
      dependency = bad;
      // A report is shared for a second.
      await eventually(async () => {
        expect((await call().get('/health').expect(503)).body.checks.db.status).toBe('unhealthy');
      });
    }
    dependency = () => Promise.resolve();
  });

  it('follows the phases of the process', async () => {
    const phases = createLifecycle();
    const phased = createHttpApp({ service: 'a', pod: 'a-1', lifecycle: phases, logger, routes: [routes] });
    const status = async (path: string) => (await request(phased).get(path)).status;
    expect([await status('/livez'), await status('/readyz'), await status('/things/1')]).toEqual([
      200, 503, 503,
    ]);
    phases.ready();
    expect([await status('/livez'), await status('/readyz'), await status('/things/1')]).toEqual([
      200, 200, 200,
    ]);
    phases.drain();
    phases.ready();
    expect([await status('/livez'), await status('/readyz'), await status('/things/1')]).toEqual([
      200, 503, 200,
    ]);
    expect((await request(phased).get('/things/1')).get('connection')).toBe('close');
  });
});

describe('Expect: 100-continue', () => {
  const head = [
    'POST /things/1 HTTP/1.1',
    'Host: things',
    'Content-Type: application/json',
    'Content-Length: 2',
    'Expect: 100-continue',
    'Connection: close',
  ];

  it('is answered at once, and the body is accepted', async () => {
    const socket = connect(listener.port, '127.0.0.1');
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(first.toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    socket.write('{}');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 OK/);
    socket.destroy();
  });
});
