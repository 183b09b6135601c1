// How long a client may take, and how much of nginx's resources it can hold in the meantime.
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/until.js';
import { sendRaw } from './client.js';
import { type Nginx, startNginx, startUpstream, type Upstream } from './support.js';

/** Much earlier than nginx would end anything by its own limits, of 60 s. */
const BY_ITSELF_MS = 40_000;

let nginx: Nginx;
let gateway: Upstream;

beforeAll(async () => {
  gateway = await startUpstream('web-gateway');
  nginx = await startNginx({ replicas: { 'web-gateway': [gateway.port] } });
});

afterAll(async () => {
  await nginx.stop();
  await gateway.stop();
});

/** A connection, and all that comes back until the server closes or resets it. */
function connect(port = nginx.port) {
  const socket = net.connect(port, '127.0.0.1').on('error', () => undefined);
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
  const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(answer)));
  return { socket, closed };
}

/** Sends a beginning, then `part` every second until the server closes; the time until then, in ms. */
async function dribble(beginning: string, part = ''): Promise<number> {
  const { socket, closed } = connect();
  const begun = performance.now();
  socket.write(beginning);
  const timer = setInterval(() => part && socket.write(part), 1_000);
  await closed;
  clearInterval(timer);
  return performance.now() - begun;
}

const upload = (length: number) =>
  `POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\nX-Request-Id: slow\r\nConnection: close\r\n\r\n`;

test('headers must arrive within 10 s, however they are sent', async () => {
  const took = await dribble('GET / HTTP/1.1\r\nHost: localhost\r\n', 'X-A: b\r\n');
  expect(took).toBeGreaterThan(9_000);
  expect(took).toBeLessThan(BY_ITSELF_MS);
});

test('a body that pauses for 10 s is aborted with 408, and no part of it reaches a service', async () => {
  const before = gateway.received.length;
  const took = await dribble(upload(10_000_000));
  expect(took).toBeGreaterThan(9_000);
  expect(took).toBeLessThan(BY_ITSELF_MS);
  expect(await nginx.logged('slow')).toMatchObject({ status: 408 });
  expect(gateway.received).toHaveLength(before);
});

test('a slow and steady upload is accepted', async () => {
  // As 20 MiB at 256 KiB/s, but for 3 s of the 80.
  const [length, part] = [768 * 1024, Buffer.alloc(64 * 1024)];
  const { socket, closed } = connect();
  socket.write(upload(length));
  for (let sent = 0; sent < length; sent += part.length) {
    socket.write(part);
    await sleep(250);
  }
  const answer = await closed;
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  expect(answer).toContain(`"bytes":${length}`);
});

test('headers of more than 64 KiB are not stored', async () => {
  const field = (name: string) => `${name}: ${'a'.repeat(15_000)}\r\n`;
  const request = (fields: string) =>
    `GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${fields}\r\n`;
  expect(await sendRaw(nginx.port, request(['A', 'B', 'C'].map(field).join('')))).toMatch(/^HTTP\/1\.1 200 /);
  expect(await sendRaw(nginx.port, request(['A', 'B', 'C', 'D', 'E'].map(field).join('')))).toMatch(
    /^HTTP\/1\.1 431 /,
  );
});

describe('what a client holds open', () => {
  let limited: Nginx;

  beforeEach(async () => {
    limited = await startNginx({
      replicas: { 'web-gateway': [gateway.port] },
      settings: { TRUSTED_PROXIES: '127.0.0.1' },
      replace: {
        // The queue of large uploads would start one every two seconds.
        'limits.conf': { 'rate=30r/m': 'rate=1000r/s' },
        'routes.conf': {
          'requests 1000': 'requests 40',
          'medium_uploads_begun 128': 'medium_uploads_begun 5',
        },
      },
    });
  });

  afterEach(() => limited.stop());

  const begin = (client: string, length: number) => {
    const { socket, closed } = connect(limited.port);
    const headers = `X-Forwarded-For: ${client}\r\nContent-Length: ${length}\r\nConnection: close\r\n`;
    socket.write(`POST /upload HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`);
    return { socket, closed };
  };
  const LARGE = 8_000_000;
  const MEDIUM = 1_000_000;
  const SMALL = 1_000;

  test.each([
    ['large uploads', 32, LARGE],
    ['medium uploads', 5, MEDIUM],
    ['requests', 40, SMALL],
  ])('is limited to %s: one more gets 429, and other clients do not notice', async (_what, count, length) => {
    const begun = Array.from({ length: count + 1 }, () => begin('203.0.113.1', length));
    // Nginx decides which of them was last.
    const [refused, last] = await Promise.race(
      begun.map((one) => one.closed.then((text) => [text, one] as const)),
    );
    const open = begun.filter((one) => one !== last);
    expect(refused).toMatch(/^HTTP\/1\.1 429 /);
    expect(refused).toMatch(/\r\nRetry-After: 5\r\n/);
    const other = begin('203.0.113.2', SMALL);
    other.socket.write(Buffer.alloc(SMALL));
    expect(await other.closed).toMatch(/^HTTP\/1\.1 200 /);
    // A place is free as soon as one has ended.
    open[0]!.socket.destroy();
    await open[0]!.closed;
    await until('there is room again', async () => {
      const next = begin('203.0.113.1', SMALL);
      next.socket.write(Buffer.alloc(SMALL));
      return (await next.closed).startsWith('HTTP/1.1 200 ');
    });
    for (const { socket } of open) socket.destroy();
  });
});

describe('a client that keeps its places by sending a byte now and then, for which nginx has no limit of time', () => {
  const [LARGE_UPLOADS, REQUESTS] = [32, 1_000];
  /** More than the 10 s that a body may pause. */
  const SECONDS = 14;
  /** How much of a body nginx keeps in memory. */
  const BUFFER_BYTES = 64 * 1024;

  let held: Nginx;
  beforeAll(async () => {
    held = await startNginx({
      replicas: { 'web-gateway': [gateway.port] },
      settings: { TRUSTED_PROXIES: '127.0.0.1' },
      replace: { 'limits.conf': { 'rate=30r/m': 'rate=1000r/s' } },
    });
  });
  afterAll(() => held.stop());

  const head = (client: string, path: string, length: number) =>
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: ${client}\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`;
  const ask = async (client: string, path: string, body: Buffer) => {
    const { socket, closed } = connect(held.port);
    socket.write(head(client, path, body.length));
    socket.write(body);
    return (await closed).slice(9, 12);
  };

  // Only where the memory of processes can be read.
  (process.platform === 'linux' ? test : test.skip)(
    'holds a buffer for each, no place of a service, and nothing of other clients',
    async () => {
      const [before, reached] = [memoryOf(held.folder), gateway.received.length];
      const sockets = Array.from({ length: REQUESTS }, (_, number) => {
        const { socket } = connect(held.port);
        const isLarge = number < LARGE_UPLOADS;
        socket.write(
          isLarge ? head('203.0.113.1', '/upload', 21_000_000) : head('203.0.113.1', '/analyze', 1_000_000),
        );
        socket.write(Buffer.alloc(isLarge ? 1_000_000 : BUFFER_BYTES - 1_024));
        return socket;
      });
      const dripping = setInterval(
        () => sockets.forEach((socket) => socket.writable && socket.write('x')),
        2_000,
      );
      try {
        const others: string[] = [];
        for (let second = 0; second < SECONDS; second += 1) {
          others.push(await ask('203.0.113.2', '/upload', Buffer.alloc(2_000_000)));
          others.push(await ask('203.0.113.2', '/analyze', Buffer.from('{}')));
          await sleep(1_000);
        }
        // They are still open: the client can have no more.
        expect(sockets.filter((socket) => !socket.destroyed)).toHaveLength(REQUESTS);
        expect(await ask('203.0.113.1', '/analyze', Buffer.from('{}'))).toBe('429');

        expect(memoryOf(held.folder) - before).toBeLessThan(REQUESTS * 2 * BUFFER_BYTES);
        expect(new Set(others)).toEqual(new Set(['200']));
        expect(gateway.received.length - reached).toBe(others.length);
      } finally {
        clearInterval(dripping);
        for (const socket of sockets) socket.destroy();
      }
    },
    60_000,
  );
});

/** The private memory of all processes of an nginx, in bytes. */
function memoryOf(folder: string): number {
  const parent = readFileSync(join(folder, 'nginx.pid'), 'utf8').trim();
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ');
  const kibibytes = [parent, ...children].map((pid) =>
    Number(/^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]),
  );
  return kibibytes.reduce((sum, one) => sum + one, 0) * 1024;
}
