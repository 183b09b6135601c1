// HTTPS in nginx itself: how it speaks TLS, where plain HTTP redirects, and that HTTP/2 follows the same rules as plain HTTP.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ClientHttp2Session } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../support/until.js';
import { renderListen } from '../../local/servers/nginx-settings.js';
import { type CertificateFiles, makeCertificateFiles } from './certificates.js';
import { send as sendPlain } from './client.js';
import { connectHttp2, connectTls, open, send } from './http2-client.js';
import { type Nginx, startNginx, startUpstream, type Upstream } from './support.js';

const NAME = 'tasks.example.com';

let certificate: CertificateFiles;
let nginx: Nginx;
let gateway: Upstream;
let taskApi: Upstream;
let session: ClientHttp2Session;

const endpoint = (of = nginx) => ({ port: of.httpsPort, ca: certificate.ca });
const start = (settings: Record<string, string> = {}) =>
  startNginx({
    replicas: { 'web-gateway': [gateway.port], 'task-api': [taskApi.port] },
    settings: { SERVER_NAMES: NAME, ...settings },
    certificate,
  });

beforeAll(async () => {
  certificate = await makeCertificateFiles(['localhost', NAME]);
  gateway = await startUpstream('web-gateway');
  taskApi = await startUpstream('task-api', (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
    response.write('data: first\n\n');
  });
  nginx = await start();
});

beforeEach(async () => {
  session = await connectHttp2(endpoint());
});
afterEach(() => session.destroy());

afterAll(async () => {
  await nginx.stop();
  await Promise.all([gateway.stop(), taskApi.stop()]);
  certificate.remove();
});

describe('TLS', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)('%s is spoken', async (version) => {
    const socket = await connectTls(endpoint(), { minVersion: version, maxVersion: version });
    expect(socket.getProtocol()).toBe(version);
    socket.destroy();
  });

  test.each([
    ['TLS 1.1', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' }],
    ['a cipher without forward secrecy', { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' }],
    ['a cipher without authentication', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' }],
  ] as const)('%s is refused', async (_what, options) => {
    await expect(connectTls(endpoint(), options)).rejects.toThrow(
      /alert (protocol version|handshake failure)/,
    );
  });

  test('sessions are resumed without tickets', async () => {
    const first = await connectTls(endpoint(), { maxVersion: 'TLSv1.2' });
    expect(first.getTLSTicket()).toBeUndefined();
    const next = await connectTls(endpoint(), { maxVersion: 'TLSv1.2', session: first.getSession()! });
    expect(next.isSessionReused()).toBe(true);
    first.destroy();
    next.destroy();
  });

  test('a client cannot renegotiate', async () => {
    const socket = await connectTls(endpoint(), { maxVersion: 'TLSv1.2' });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const renegotiated = jest.fn();
    socket.on('error', () => undefined).renegotiate({}, (error) => error ?? renegotiated());
    await closed;
    expect(renegotiated).not.toHaveBeenCalled();
  });
});

describe('plain HTTP', () => {
  const plain = (...[path, options]: [string, Parameters<typeof sendPlain>[2]?]) =>
    sendPlain(nginx.port, path, options);

  test.each(['GET', 'HEAD'])(
    '%s is redirected to the same page over HTTPS, without caching',
    async (method) => {
      const reply = await plain('/ui/jobs?status=failed&q=a%2Fb', { method, headers: { host: NAME } });
      expect(reply.status).toBe(308);
      expect(reply.headers).toMatchObject({
        location: `https://${NAME}:${nginx.httpsPort}/ui/jobs?status=failed&q=a%2Fb`,
        'cache-control': 'no-store',
      });
    },
  );

  test('the usual port is left out', async () => {
    const usual = await start({ HTTPS_PORT: '443' });
    const reply = await sendPlain(usual.port, '/', { headers: { host: 'localhost:80' } });
    expect(reply.headers.location).toBe('https://localhost/');
    await usual.stop();
  });

  test.each([
    ['a body', { method: 'POST', body: '{}' }],
    ['a deletion', { method: 'DELETE' }],
    ['a preflight', { method: 'OPTIONS', headers: { Origin: 'https://a.example' } }],
    ['a token', { headers: { Authorization: 'Bearer x' } }],
  ])('%s is refused instead of redirected', async (_what, options) => {
    const before = gateway.received.length + taskApi.received.length;
    const reply = await plain('/tasks', options);
    expect(reply.status).toBe(403);
    expect(reply.headers).not.toHaveProperty('location');
    expect(reply.problem()['detail']).toMatch(
      `plain HTTP, where others can read and change it. Send it to https://127.0.0.1:${nginx.httpsPort}.`,
    );
    expect(gateway.received.length + taskApi.received.length).toBe(before);
  });

  test('no redirect leads to another host', async () => {
    expect((await plain('/', { headers: { host: 'evil.example' } })).status).toBe(421);
  });

  test('only a trusted proxy can say that its client used HTTPS', async () => {
    const headers = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '203.0.113.9' };
    expect((await plain('/', { headers })).status).toBe(308);
    const behind = await start({ TRUSTED_PROXIES: '127.0.0.1' });
    const reply = await sendPlain(behind.port, '/', { headers });
    expect(reply.echo().headers).toMatchObject({ 'x-forwarded-proto': 'https', 'x-real-ip': '203.0.113.9' });
    expect((await sendPlain(behind.port, '/', {})).status).toBe(308);
    await behind.stop();
  });
});

describe('browsers are told to insist on HTTPS', () => {
  const hstsOf = async (host: string, path = '/docs', settings?: Record<string, string>) => {
    const other = settings && (await start(settings));
    const connection = other ? await connectHttp2(endpoint(other)) : session;
    const { headers } = await send(connection, { ':path': path, ':authority': host });
    if (other) {
      connection.destroy();
      await other.stop();
    }
    return headers['strict-transport-security'];
  };

  test('for SERVER_NAMES, even by an error response', async () => {
    expect(await hstsOf(NAME)).toBe('max-age=31536000');
    expect(await hstsOf(NAME, '/nothing')).toBe('max-age=31536000');
  });

  test.each(['localhost', `127.0.0.1:8443`, 'task-user.local', 'evil.example'])(
    'not for %s',
    async (host) => {
      expect(await hstsOf(host)).toBeUndefined();
    },
  );

  test('for as long as HSTS_SECONDS says, not at all over plain HTTP', async () => {
    expect(await hstsOf(NAME, '/docs', { HSTS_SECONDS: '0' })).toBe('max-age=0');
    const { headers } = await sendPlain(nginx.port, '/', { headers: { host: NAME } });
    expect(headers).not.toHaveProperty('strict-transport-security');
  });
});

describe('HTTP/2', () => {
  test('is offered first, and HTTP/1.1 remains', async () => {
    const socket = await connectTls(endpoint(), { ALPNProtocols: ['h2', 'http/1.1'] });
    expect(socket.alpnProtocol).toBe('h2');
    socket.destroy();
    const old = await connectTls(endpoint(), { ALPNProtocols: ['http/1.1'] });
    old.write(`GET / HTTP/1.1\r\nHost: ${NAME}\r\nConnection: close\r\n\r\n`);
    const [chunk] = (await once(old, 'data')) as [Buffer];
    expect(chunk.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    old.destroy();
  });

  test('requests reach the services as before, with their scheme', async () => {
    const { echo } = await send(session, { ':path': '/', ':authority': `${NAME}:8443` });
    expect(echo().headers).toMatchObject({
      host: `${NAME}:8443`,
      'x-forwarded-host': `${NAME}:8443`,
      'x-forwarded-proto': 'https',
      'x-real-ip': '127.0.0.1',
    });
  });

  test('an upload arrives whole', async () => {
    const { status, echo } = await send(
      session,
      { ':path': '/upload', ':method': 'POST' },
      Buffer.alloc(5_000_000),
    );
    expect(status).toBe(200);
    expect(echo().bytes).toBe(5_000_000);
  });

  test('an event arrives while its stream is open', async () => {
    const { stream } = await open(session, { ':path': '/api/tasks/events' });
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await until('the event has come', () => text === 'data: first\n\n');
    expect(stream.closed).toBe(false);
    stream.close();
  });

  test('a connection for one of our hosts serves no other host', async () => {
    const { status, problem } = await send(session, { ':path': '/', ':authority': 'evil.example' });
    expect(status).toBe(421);
    expect(problem()).toMatchObject({ title: 'Misdirected Request' });
  });

  test.each([
    ['evil.example', 'localhost'],
    ['localhost', 'evil.example'],
  ])('two hosts that differ are an error: %s and %s', async (authority, host) => {
    const before = gateway.received.length;
    const { status } = await send(session, { ':path': '/', ':authority': authority, host });
    expect(status).toBe(400);
    expect(gateway.received).toHaveLength(before);
  });

  test.each([
    ['our own page', { origin: `https://${NAME}` }, 200],
    ['our own page, in words of the browser', { origin: 'null', 'sec-fetch-site': 'same-origin' }, 200],
    ['a page of ours over plain HTTP, which anybody can write', { origin: `http://${NAME}` }, 403],
    ['the same, in words of the browser', { 'sec-fetch-site': 'cross-site' }, 403],
    ['another port', { origin: `https://${NAME}:8080` }, 403],
    ['a page of another site', { origin: 'https://evil.example' }, 403],
  ])('a change by %s', async (_who, headers, expected) => {
    const request = { ':path': '/analyze', ':method': 'POST', ':authority': NAME, ...headers };
    expect((await send(session, request, '{}')).status).toBe(expected);
  });
});

describe('settings', () => {
  test.each([
    [{ HTTPS_KEY_FILE: '' }, 'HTTPS_CERT_FILE needs HTTPS_KEY_FILE, the file with its private key.'],
    [{ HTTPS_PORT: '443 444' }, 'HTTPS_PORT takes a number, not "443 444".'],
    [{ HSTS_SECONDS: '1 year' }, 'HSTS_SECONDS takes a number, not "1 year".'],
    [{ HTTPS_CERT_FILE: '/nowhere/tls.crt' }, '/nowhere/tls.crt: No such file or directory'],
    [{ HTTPS_CERT_FILE: __filename }, 'cannot load certificate'],
  ])('an invalid one is named: %j', async (settings, message) => {
    await expect(start(settings)).rejects.toThrow(message);
  });

  test.each([
    ['nginx/1.22.1', '--with-http_v2_module', ['listen 443 ssl http2;'], 'is built without HTTP/3'],
    ['nginx/1.26.3', '--with-http_v2_module', ['listen 443 ssl;', 'http2 on;'], 'is built without HTTP/3'],
    [
      'nginx/1.30.0',
      '--with-http_v2_module --with-http_v3_module',
      [
        'listen 443 ssl;',
        'http2 on;',
        'listen 443 quic reuseport;',
        'add_header Alt-Svc $alt_svc always;',
        'quic_retry on;',
      ],
      '',
    ],
  ])('features that %s with %s lacks are left out', (version, build, lines, remark) => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-nginx-'));
    const program = join(folder, 'nginx');
    writeFileSync(program, `#!/bin/sh\necho "nginx version: ${version}\n${build}" >&2\n`, { mode: 0o755 });
    const environment = {
      PATH: process.env.PATH,
      NGINX: program,
      HTTPS_CERT_FILE: '/c',
      HTTPS_KEY_FILE: '/k',
    };
    const listen = renderListen(['80'], ['443'], environment);
    expect(
      listen.text
        .split('# Read for')[0]!
        .trim()
        .split(/(?<=;)\s+(?:#.*\s+)?/),
    ).toEqual(['listen 80;', ...lines]);
    expect(listen.remark).toContain(remark);
    rmSync(folder, { recursive: true });
  });
});
