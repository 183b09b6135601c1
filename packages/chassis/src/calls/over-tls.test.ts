import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect as connectPlain } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type ConnectionOptions } from 'node:tls';
import express from 'express';
import { createAuthority, type TestAuthority } from '../../../../tests/support/certificates.js';
import { recordingLogger, silentLogger } from '../../../../tests/support/service-basics.js';
import { eventually } from '../../../../tests/support/eventually.js';
import { until } from '../../../../tests/support/until.js';
import { readTlsFiles } from '../../../../local/servers/tls-files.js';
import { createHttpServer } from '../process/server/http-server.js';
import { openTls } from '../process/tls/index.js';
import type { ServiceTls } from '../process/tls/tls.js';
import { createServiceClient, type ServiceRequest } from './service-client.js';

let authority: TestAuthority;
let stranger: TestAuthority;
beforeAll(async () => {
  [authority, stranger] = await Promise.all([createAuthority(), createAuthority()]);
});
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});
afterAll(() => {
  authority.remove();
  stranger.remove();
});

const identity = (folder: string, callers?: string[], logger = silentLogger()): ServiceTls =>
  openTls({ TLS_DIR: folder, TLS_CALLERS: callers }, logger).services!;

/** A replica of text-worker, which answers with the name in the certificate of its caller. */
async function worker({
  callers = undefined as string[] | undefined,
  logger = silentLogger(),
  authority: own = authority,
} = {}) {
  const app = express();
  app.post('/', (req, res) => {
    if (req.headers.expect) res.writeContinue();
    req.resume().on('end', () => res.end('done'));
  });
  const server = createHttpServer(app, identity(await own.issue('text-worker'), callers, logger));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(() => close(server));
  return (server.address() as AddressInfo).port;
}

async function close(server: Server) {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

function clientOf(ports: number | number[], tls: ServiceTls, name = 'text-worker') {
  // As always, the URL has an address in it, and says http.
  const urls = [ports].flat().map((port) => `http://127.0.0.1:${port}`);
  const client = createServiceClient({ name, urls, tls });
  cleanUps.push(() => client.close());
  return client;
}

/** The outcome of a request on a connection with these options. */
function fate(port: number, options: ConnectionOptions): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, servername: 'text-worker', ...options });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
    socket.on('secureConnect', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
    socket.on('data', (data: Buffer) => {
      resolve(data.toString().split('\r\n')[0]!);
      socket.destroy();
    });
    socket.on('close', () => resolve('closed'));
  });
}

const post: ServiceRequest = { method: 'POST', path: '/', body: 'x' };
const ways: [string, ServiceRequest][] = [
  ['a request', post],
  ['a request that waits for room', { ...post, waitForRoom: true }],
];

it.each(ways)(
  '%s is sent to a service that its certificate names, whatever its address',
  async (_way, request) => {
    const port = await worker();
    const response = await clientOf(port, identity(await authority.issue('web-gateway'))).request(request);
    expect(response.body.toString()).toBe('done');
  },
);

it.each(ways)(
  '%s is not sent to a service with another name, or of another authority',
  async (_way, request) => {
    const port = await worker();
    const nobody = clientOf(port, identity(await authority.issue('web-gateway')), 'blur-worker');
    await expect(nobody.request(request)).rejects.toThrow('blur-worker cannot take this request right now');
    const foreigner = clientOf(port, identity(await stranger.issue('web-gateway')));
    await expect(foreigner.request(request)).rejects.toMatchObject({
      cause: expect.anything() as unknown,
      message: expect.stringContaining('text-worker cannot take this request') as unknown,
    });
  },
);

it('says what is wrong with the other side, and retries at a valid replica, whatever the method', async () => {
  const port = await worker();
  const foreigner = clientOf(port, identity(await stranger.issue('web-gateway')));
  const error = await foreigner.request(post).catch((problem: unknown) => problem as Error);
  expect(error).toHaveProperty(
    'cause.message',
    'text-worker: the other side’s certificate is not signed by our authority: compare the two ca.crt files',
  );

  const impostor = await worker({ authority: stranger });
  const client = clientOf([port, impostor], identity(await authority.issue('web-gateway')));
  for (let count = 0; count < 8; count += 1)
    expect((await client.request(post)).body.toString()).toBe('done');
});

describe('a service', () => {
  it('refuses clients without TLS 1.3, or without a certificate from the authority', async () => {
    const { logger, lines } = recordingLogger();
    const port = await worker({ logger });
    const { ca } = readTlsFiles(await authority.issue('web-gateway'));
    const mine = readTlsFiles(await authority.issue('web-gateway'));
    expect(await fate(port, mine)).toBe('HTTP/1.1 404 Not Found');
    expect(await fate(port, { ...mine, maxVersion: 'TLSv1.2' })).toMatch(/PROTOCOL_VERSION/);
    expect(await fate(port, { ca })).toMatch(/CERTIFICATE_REQUIRED/);
    expect(await fate(port, { ...readTlsFiles(await stranger.issue('web-gateway')), ca })).toMatch(
      /UNKNOWN_CA|closed/,
    );
    const plain = connectPlain(port, '127.0.0.1').end('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const [answer] = (await Promise.race([once(plain, 'data'), once(plain, 'close')])) as [unknown];
    expect(String(answer)).not.toContain('HTTP/1.1');
    await eventually(() =>
      expect(lines).toContainEqual(
        expect.objectContaining({ msg: 'refused a connection', client: '127.0.0.1' }),
      ),
    );
  });

  it('refuses callers that are not in TLS_CALLERS, even when they resume a session', async () => {
    const port = await worker({ callers: ['queue-worker', 'web-gateway'] });
    const session = async (name: string) => {
      const options = {
        ...readTlsFiles(await authority.issue(name)),
        host: '127.0.0.1',
        port,
        servername: 'text-worker',
      };
      const fates = [];
      let ticket: Buffer | undefined;
      for (let count = 0; count < 2; count += 1) {
        const socket = connect({ ...options, ...(ticket && { session: ticket }) });
        socket.on('session', (bytes) => (ticket = bytes)).on('error', () => undefined);
        socket.on('secureConnect', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
        const [data] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as [unknown];
        fates.push([String(data).includes('404'), socket.isSessionReused()]);
        socket.destroy();
      }
      return fates;
    };
    expect(await session('web-gateway')).toEqual([
      [true, false],
      [true, true],
    ]);
    expect((await session('user-api')).map(([answered]) => answered)).toEqual([false, false]);
  });
});

it('a renewed certificate is used by both sides, and no request fails', async () => {
  const port = await worker();
  const client = clientOf(port, identity(await authority.issue('web-gateway')));
  const mine = readTlsFiles(await authority.issue('task-api'));
  const serial = async () => {
    const socket = connect({ host: '127.0.0.1', port, servername: 'text-worker', ...mine });
    await once(socket, 'secureConnect');
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  };
  const before = await serial();

  let isOver = false;
  let done = 0;
  const work = async (request: ServiceRequest) => {
    while (!isOver) {
      await client.request(request);
      done += 1;
      await sleep(5);
    }
  };
  const working = Promise.all([...ways, ...ways].map(([, request]) => work(request)));
  await authority.issue('web-gateway');
  await authority.issue('text-worker');
  await until('the renewed certificate is served', async () => (await serial()) !== before);
  const doneBefore = done;
  await until('it has been used for a while', () => done > doneBefore + 100);
  isOver = true;
  await working;
});
