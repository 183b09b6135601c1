import { connect, type Socket } from 'node:net';
import { type RequestHandler, Router } from 'express';
import { eventually } from '../../../../../tests/support/eventually.js';
import { type Listener, listenOnFreePort } from '../../../../../tests/support/listen.js';
import { basics } from '../../../../../tests/support/service-basics.js';
import {
  createEventStreams,
  type EventStream,
  type EventStreamOptions,
  JSON_LINES,
  jsonLine,
  serverSentEvent,
} from './event-stream.js';
import { createHttpApp } from '../app.js';
import type { Lifecycle } from '../../process/lifecycle.js';

/** A service with one route, `/stream`. */
interface TestService extends Listener {
  lifecycle: Lifecycle;
  /** All that were opened, in their order. */
  opened: EventStream[];
  open: () => number;
}

const services: TestService[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const service of services.splice(0)) await service.close();
});

async function startService(
  options: Partial<EventStreamOptions> = {},
  before: RequestHandler = (_req, _res, next) => next(),
): Promise<TestService> {
  const { lifecycle, ...rest } = basics('streams-1');
  const streams = createEventStreams({ lifecycle, ...options });
  const opened: EventStream[] = [];
  const routes = Router();
  routes.get('/stream', before, (req, res) => void opened.push(streams.open(req, res)));
  const app = createHttpApp({ ...rest, lifecycle, service: 'streams', routes: [routes] });
  const listener = await listenOnFreePort(app);
  const open = () => opened.filter(({ signal }) => !signal.aborted).length;
  const service = { ...listener, lifecycle, opened, open };
  services.push(service);
  return service;
}

const get = (service: TestService, client = '192.0.2.1', method = 'GET') =>
  fetch(`${service.url}/stream`, {
    method,
    headers: { 'X-Real-IP': client },
    signal: AbortSignal.timeout(30_000),
  });

/** A client that reads no further than to the beginning of the stream. */
async function getAndStall(service: TestService): Promise<{ socket: Socket; stream: EventStream }> {
  const socket = connect(service.port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.write('GET /stream HTTP/1.1\r\nHost: a\r\n\r\n');
  let text = '';
  const read = (part: Buffer) => (text += part.toString());
  socket.on('data', read);
  await eventually(() => expect(text).toContain('retry: 1000'));
  socket.off('data', read).pause();
  return { socket, stream: service.opened.at(-1)! };
}

/** Larger than what the system takes of a connection that nobody reads. */
const LARGE = serverSentEvent({ event: 'large', data: 'x'.repeat(8 * 1024 ** 2) });
const note = (data: string) => serverSentEvent({ event: 'note', data });

/** Reads until the stream ends. */
const textOf = async (response: Response) => (await response.text()).replace(/^retry: 1000\n\n/, '');

describe('an event stream', () => {
  it('sends events as server-sent events, and ends', async () => {
    const service = await startService();
    const response = await get(service);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    service.opened[0]!.send(serverSentEvent({ event: 'job', id: '7', data: '{}' }));
    service.opened[0]!.end();
    expect(await response.text()).toBe('retry: 1000\n\nid: 7\nevent: job\ndata: {}\n\n');
  });

  it('ignores send and end after its end', async () => {
    const service = await startService();
    const response = await get(service);
    const stream = service.opened[0]!;
    stream.send(note('last'));
    stream.end();
    stream.send(note('late'));
    stream.end();
    expect(await textOf(response)).toBe(note('last'));

    const { socket, stream: left } = await getAndStall(service);
    socket.resetAndDestroy();
    await eventually(() => expect(left.signal.aborted).toBe(true));
    left.send(note('late'));
    left.end();
    // It still serves.
    expect((await get(service, '192.0.2.1', 'HEAD')).status).toBe(200);
  });

  it('is kept alive', async () => {
    const service = await startService({ heartbeatEveryMs: 20 });
    const response = await get(service);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!/(: still here\n\n){3}/.test(text)) text += (await reader.read()).value!;
    await reader.cancel();
    await eventually(() => expect(service.open()).toBe(0));
  });

  it('answers HEAD at once, without taking a place', async () => {
    const service = await startService({ limit: 1 });
    for (let round = 0; round < 3; round += 1) {
      const head = await get(service, '192.0.2.1', 'HEAD');
      expect(head.status).toBe(200);
      expect(head.headers.get('content-type')).toBe('text/event-stream');
    }
    expect(service.open()).toBe(0);
  });

  it('has ended, and takes no place, when the client disconnected before it began', async () => {
    let arrived = 0;
    const service = await startService({ limit: 1 }, (_req, res, next) => {
      arrived += 1;
      if (arrived <= 3) res.once('close', next);
      else next();
    });
    for (let round = 1; round <= 3; round += 1) {
      const socket = connect(service.port, '127.0.0.1');
      socket.write('GET /stream HTTP/1.1\r\nHost: a\r\n\r\n');
      await eventually(() => expect(arrived).toBe(round));
      socket.destroy();
      await eventually(() => expect(service.opened).toHaveLength(round));
    }
    expect(service.open()).toBe(0);
    expect((await get(service)).status).toBe(200);
  });

  it('can be lines of JSON, none of which is skipped', async () => {
    const service = await startService({ format: JSON_LINES });
    const response = await get(service);
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = Array.from({ length: 100 }, (_, line) => jsonLine({ line }));
    for (const line of lines) service.opened[0]!.send(line);
    service.opened[0]!.end();
    expect(await response.text()).toBe(lines.join(''));
  });
});

describe('the limits', () => {
  it('are 503 for the replica, and 429 for a client', async () => {
    const service = await startService({ limit: 5, limitPerClient: 3 });
    const first = await Promise.all([1, 2, 3].map(() => get(service, '192.0.2.1')));
    const refused = await get(service, '192.0.2.1');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('5');
    await Promise.all([1, 2].map(() => get(service, '192.0.2.2')));
    const full = await get(service, '192.0.2.3');
    expect(full.status).toBe(503);
    expect(full.headers.get('retry-after')).toBe('5');

    // A place is free for others as soon as its client has left.
    await first[0]!.body!.cancel();
    await eventually(async () => expect((await get(service, '192.0.2.3')).status).toBe(200));
    expect((await get(service, '192.0.2.1')).status).toBe(503);
  });

  it.each([
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9', 429],
    ['2001:db8::7:0:0:0:1', '2001:DB8:0:7::', 429],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', 200],
    ['::ffff:192.0.2.1', '192.0.2.1', 429],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.2', 200],
    ['::1', '::2', 429],
  ])('count an IPv6 network of 64 bits as one client: after %s, %s gets %i', async (one, other, status) => {
    const service = await startService({ limitPerClient: 1 });
    expect((await get(service, one)).status).toBe(200);
    expect((await get(service, other)).status).toBe(status);
  });
});

describe('a client that does not read', () => {
  it('gets the latest of the events in between', async () => {
    const service = await startService();
    const { socket, stream } = await getAndStall(service);
    stream.send(LARGE);
    for (let number = 1; number <= 1_000; number += 1) stream.send(note(`${number}`));
    stream.end();
    let tail = '';
    socket.setEncoding('utf8').on('data', (part: string) => (tail = (tail + part).slice(-1_000)));
    socket.resume();
    await eventually(() => expect(tail).toContain('data: 1000\n'));
    expect(tail.match(/event: note/g)).toHaveLength(1);
  });

  it('is disconnected after a while, which frees its place', async () => {
    const service = await startService({ limit: 1, stalledAfterMs: 100 });
    const { stream } = await getAndStall(service);
    stream.send(LARGE);
    await eventually(() => expect(stream.signal.aborted).toBe(true));
    await eventually(async () => expect((await get(service)).status).toBe(200));
  });

  it('stays connected as long as it keeps reading, however slowly', async () => {
    const service = await startService({ stalledAfterMs: 2_500, heartbeatEveryMs: 50 });
    const { socket, stream } = await getAndStall(service);
    stream.send(LARGE);
    stream.send(note('last'));
    let text = '';
    const begun = performance.now();
    while (!text.includes('data: last')) {
      const part = socket.read() as Buffer | null;
      if (part) text = text.slice(-100) + part.toString('latin1');
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    expect(performance.now() - begun).toBeGreaterThan(2_500);
    expect(stream.signal.aborted).toBe(false);
  });

  it('does not delay the shutdown', async () => {
    let closed = 0;
    const service = await startService({}, (_req, res, next) => {
      res.once('close', () => (closed += 1));
      next();
    });
    const { stream } = await getAndStall(service);
    stream.send(LARGE);
    const honest = await get(service);
    service.opened[1]!.send(note('before the end'));
    service.lifecycle.drain();
    service.lifecycle.close();
    expect(await textOf(honest)).toBe(note('before the end'));
    expect(stream.signal.aborted).toBe(true);
    await eventually(() => expect(closed).toBe(2));
  });

  it('cannot fill the memory together with others: the slowest are disconnected, and the rest are served', async () => {
    const service = await startService({ waitingMaxBytes: 64 * 1024 ** 2 });
    const slow = [];
    for (let count = 0; count < 12; count += 1) slow.push(await getAndStall(service));
    const honest = await get(service);
    const reading = textOf(honest);
    // Each holds its first event on its way and its latest, 16 MiB: no more than four of them fit.
    for (let round = 0; round < 3; round += 1) for (const { stream } of slow) stream.send(LARGE);
    const left = slow.filter(({ stream }) => !stream.signal.aborted);
    expect(left.length).toBeLessThanOrEqual(4);
    expect(left.length).toBeGreaterThan(0);
    const honestStream = service.opened.at(-1)!;
    honestStream.send(note('well'));
    honestStream.end();
    expect(await reading).toBe(note('well'));
  });
});
