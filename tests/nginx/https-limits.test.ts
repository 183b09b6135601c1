// With TLS and HTTP/2, one client can take no more than without.
import { once } from 'node:events';
import type { ClientHttp2Session } from 'node:http2';
import net from 'node:net';
import { until } from '../support/until.js';
import { type CertificateFiles, makeCertificateFiles } from './certificates.js';
import { connectHttp2, connectTls, open, send } from './http2-client.js';
import { type Nginx, startNginx, startUpstream, type Upstream } from './support.js';

const STREAMS = 50;
const REQUESTS = 40;
const LARGE_UPLOADS = 32;
/** How many requests one connection may make. */
const REQUESTS_A_CONNECTION = 1_000;

let certificate: CertificateFiles;
let nginx: Nginx;
let gateway: Upstream;
let taskApi: Upstream;
let session: ClientHttp2Session;

const endpoint = () => ({ port: nginx.httpsPort, ca: certificate.ca });

beforeAll(async () => {
  certificate = await makeCertificateFiles(['localhost']);
  gateway = await startUpstream('web-gateway');
  taskApi = await startUpstream('task-api', (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
    response.write('data: first\n\n');
  });
});

beforeEach(async () => {
  nginx = await startNginx({
    replicas: { 'web-gateway': [gateway.port], 'task-api': [taskApi.port] },
    replace: {
      // The queue of large uploads would start one every two seconds.
      'limits.conf': { 'rate=30r/m': 'rate=1000r/s' },
      'routes.conf': { 'limit_conn requests 1000': `limit_conn requests ${REQUESTS}` },
    },
    certificate,
  });
  session = await connectHttp2(endpoint());
});

afterEach(async () => {
  session.destroy();
  await nginx.stop();
});

afterAll(async () => {
  await Promise.all([gateway.stop(), taskApi.stop()]);
  certificate.remove();
});

test('streams of one connection count one by one: event streams', async () => {
  const openOne = () => open(session, { ':path': '/api/tasks/events' });
  const streams = await Promise.all(Array.from({ length: STREAMS }, openOne));
  expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]));
  expect((await openOne()).status).toBe(429);
  const other = await connectHttp2(endpoint());
  expect((await open(other, { ':path': '/api/tasks/events' })).status).toBe(429);
  other.destroy();
  streams[0]!.stream.close();
  await until('its place is free', async () => (await openOne()).status === 200);
});

test.each([
  ['requests', REQUESTS, 1_000],
  ['large uploads', LARGE_UPLOADS, 8_000_000],
  ['uploads of unknown length', LARGE_UPLOADS, undefined],
])('streams of one connection count one by one: %s', async (_what, count, length) => {
  const begun = Array.from({ length: count + 1 }, () =>
    session.request(
      { ':path': '/upload', ':method': 'POST', ...(length !== undefined && { 'content-length': length }) },
      { endStream: false },
    ),
  );
  const refused = await Promise.race(
    begun.map(async (stream) => {
      stream.on('error', () => undefined);
      const [headers] = await once(stream, 'response');
      return Number((headers as Record<string, unknown>)[':status']);
    }),
  );
  expect(refused).toBe(429);
});

test('a handshake takes at most 10 s, however it proceeds', async () => {
  const socket = net.connect(nginx.httpsPort, '127.0.0.1').on('error', () => undefined);
  const begun = performance.now();
  // A record of 512 bytes, one byte per second.
  socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]));
  const timer = setInterval(() => socket.write(Buffer.from([0x01])), 1_000);
  await once(socket, 'close');
  clearInterval(timer);
  expect(performance.now() - begun).toBeGreaterThan(9_000);
  // Nginx' own limit is 60 s.
  expect(performance.now() - begun).toBeLessThan(40_000);
});

test('a client that cancels its requests at once (rapid reset) is cut off, and others do not notice', async () => {
  const before = gateway.received.length;
  const socket = await connectTls(endpoint(), { ALPNProtocols: ['h2'] });
  socket.on('error', () => undefined).resume();
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  socket.write(frame(SETTINGS, 0, 0, Buffer.alloc(0)));
  let stream = 1;
  // Fewer at a time than the 256 at which nginx itself closes the connection.
  const flood = () => {
    const frames: Buffer[] = [];
    for (let i = 0; i < 50; i++, stream += 2) {
      frames.push(frame(HEADERS, END_STREAM | END_HEADERS, stream, getLocalhost));
      frames.push(frame(RST_STREAM, 0, stream, CANCEL));
    }
    if (!socket.destroyed) socket.write(Buffer.concat(frames), () => setTimeout(flood, 10));
  };
  flood();
  const honest = await Promise.all(Array.from({ length: 20 }, () => send(session, { ':path': '/' })));
  expect(new Set(honest.map(({ status }) => status))).toEqual(new Set([200]));
  await closed;
  expect(gateway.received.length - before).toBeLessThanOrEqual(REQUESTS_A_CONNECTION + honest.length);
});

const [HEADERS, RST_STREAM, SETTINGS] = [1, 3, 4];
const [END_STREAM, END_HEADERS] = [1, 4];
const CANCEL = Buffer.from([0, 0, 0, 8]);
/** GET https://localhost/, by the static table of HPACK (RFC 7541), and the literal authority. */
const getLocalhost = Buffer.concat([Buffer.from([0x82, 0x87, 0x84, 0x01, 9]), Buffer.from('localhost')]);

/** A frame of HTTP/2 (RFC 9113, section 4.1). */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}
