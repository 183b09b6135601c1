// How long a client may take, and how much of nginx it can hold in the meantime.
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/until.js';
import { sendRaw } from './client.js';
import { type Nginx, startNginx, startUpstream, type Upstream } from './support.js';

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

test('headers are there within 10 s, however they come', async () => {
  const took = await dribble('GET / HTTP/1.1\r\nHost: localhost\r\n', 'X-A: b\r\n');
  expect(took).toBeGreaterThan(9_000);
  expect(took).toBeLessThan(12_000);
}, 20_000);

test('a body that pauses for 10 s is given up with 408, and nothing of it reaches a service', async () => {
  const before = gateway.received.length;
  const took = await dribble(upload(10_000_000));
  expect(took).toBeGreaterThan(9_000);
  expect(took).toBeLessThan(12_000);
  expect(await nginx.logged('slow')).toMatchObject({ status: 408 });
  expect(gateway.received).toHaveLength(before);
}, 20_000);

test('an upload that is slow and steady passes', async () => {
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
}, 20_000);

test('headers of more than 64 KiB are not kept', async () => {
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
        // The line of large uploads would let one begin every two seconds.
        'limits.conf': { 'rate=30r/m': 'rate=1000r/s' },
        'routes.conf': { 'requests 1000': 'requests 40' },
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
  const SMALL = 1_000;

  test.each([
    ['large uploads', 32, LARGE],
    ['requests', 40, SMALL],
  ])('is so many %s: one more gets 429, and other clients do not notice', async (_what, count, length) => {
    const begun = Array.from({ length: count + 1 }, () => begin('203.0.113.1', length));
    // Nginx decides which of them came last.
    const [refused, last] = await Promise.race(
      begun.map((one) => one.closed.then((text) => [text, one] as const)),
    );
    const open = begun.filter((one) => one !== last);
    expect(refused).toMatch(/^HTTP\/1\.1 429 /);
    expect(refused).toMatch(/\r\nRetry-After: 5\r\n/);
    const other = begin('203.0.113.2', SMALL);
    other.socket.write(Buffer.alloc(SMALL));
    expect(await other.closed).toMatch(/^HTTP\/1\.1 200 /);
    // A place is free as soon as one has left.
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
