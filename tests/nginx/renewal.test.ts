// A new certificate is used without a failed request; an unusable one is ignored.
import { once } from 'node:events';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import type http from 'node:http';
import type http2 from 'node:http2';
import https from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import type { Credentials } from '../../local/certificates/authority.js';
import { until } from '../support/until.js';
import { type CertificateFiles, makeCertificateFiles, serialNumber } from './certificates.js';
import { connectHttp2, connectTls, send } from './http2-client.js';
import { type Nginx, startNginx, startUpstream, type Upstream } from './support.js';

const CLIENTS = 16;

let files: CertificateFiles;
let nginx: Nginx;
let gateway: Upstream;

const endpoint = () => ({ port: nginx.httpsPort, ca: files.ca });

beforeEach(async () => {
  files = await makeCertificateFiles(['localhost']);
  gateway = await startUpstream('web-gateway');
});

afterEach(async () => {
  await nginx.stop();
  await gateway.stop();
  files.remove();
});

async function start(certificate: { certFile: string; keyFile: string }): Promise<void> {
  nginx = await startNginx({ replicas: { 'web-gateway': [gateway.port] }, certificate });
}

/** The serial number of the certificate that a new connection gets. */
async function servedSerial(): Promise<string> {
  const socket = await connectTls(endpoint());
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

const isServed = (credentials: Credentials) =>
  until(
    'the new certificate is served',
    async () => (await servedSerial()) === serialNumber(credentials.certificate),
  );

/** Half of the clients open a connection for each request, half keep one of HTTP/2 for as long as the server does. */
function startClients() {
  const tally = { requests: 0, failed: [] as string[], serials: new Set<string>() };
  let stopped = false;
  const overHttp1 = async () => {
    const request = https.get({ ...endpoint(), host: '127.0.0.1', path: '/', agent: false });
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    if (response.socket instanceof TLSSocket)
      tally.serials.add(response.socket.getPeerCertificate().serialNumber);
    response.resume();
    await once(response, 'end');
    return response.statusCode;
  };
  let session: http2.ClientHttp2Session | undefined;
  const overHttp2 = async (): Promise<number> => {
    if (!session || session.closed || session.destroyed) session = await connectHttp2(endpoint());
    try {
      return (await send(session, { ':path': '/' })).status;
    } catch (error) {
      // The server marks requests that it has not begun (RFC 9113, section 8.7): every client retries those.
      if (/REFUSED_STREAM|GOAWAY|ERR_HTTP2_INVALID_SESSION/.test(String(error))) return overHttp2();
      throw error;
    }
  };
  const client = async (request: () => Promise<number | undefined>) => {
    while (!stopped) {
      tally.requests += 1;
      try {
        const status = await request();
        if (status !== 200) tally.failed.push(String(status));
      } catch (error) {
        tally.failed.push(String(error));
      }
    }
  };
  const ended = Promise.all(
    Array.from({ length: CLIENTS }, (_, index) => client(index % 2 ? overHttp1 : overHttp2)),
  );
  return {
    tally,
    async stop() {
      stopped = true;
      await ended;
      session?.destroy();
      return tally;
    },
  };
}

test('16 clients do not notice that it is replaced twice', async () => {
  await start(files);
  const first = await servedSerial();
  const clients = startClients();
  const replaced: Credentials[] = [await files.issue(), await files.issue()];
  const isSeen = (serial: string) => until('clients have seen it', () => clients.tally.serials.has(serial));
  await isSeen(first);
  for (const credentials of replaced) {
    files.write(credentials);
    await isServed(credentials);
    await isSeen(serialNumber(credentials.certificate));
  }
  const { failed, requests, serials } = await clients.stop();
  process.stdout.write(`${requests} requests while the certificate was replaced twice\n`);
  expect(failed).toEqual([]);
  expect(requests).toBeGreaterThan(50);
  expect([...serials]).toEqual([first, ...replaced.map(({ certificate }) => serialNumber(certificate))]);
});

test('it is noticed in a folder that is a symbolic link, which Kubernetes replaces', async () => {
  const version = (name: string, { certificate, key }: Credentials) => {
    mkdirSync(join(files.folder, name));
    writeFileSync(join(files.folder, name, 'tls.crt'), certificate);
    writeFileSync(join(files.folder, name, 'tls.key'), key);
    symlinkSync(name, join(files.folder, '..new'));
    renameSync(join(files.folder, '..new'), join(files.folder, '..data'));
  };
  version('1', await files.issue());
  await start({
    certFile: join(files.folder, '..data', 'tls.crt'),
    keyFile: join(files.folder, '..data', 'tls.key'),
  });
  const credentials = await files.issue();
  version('2', credentials);
  await isServed(credentials);
});

test('an unusable pair is reported once, and the old one stays until there is a valid one', async () => {
  await start(files);
  const first = await servedSerial();
  const [one, other] = [await files.issue(), await files.issue()];

  const expectReport = async (reason: RegExp) => {
    const before = nginx.complaints().length;
    await until('the pair is reported', () => reason.test(nginx.complaints().slice(before)));
    await sleep(2_500);
    expect(
      nginx
        .complaints()
        .slice(before)
        .match(/cannot be used/g),
    ).toHaveLength(1);
    expect(await servedSerial()).toBe(first);
  };
  files.write({ certificate: one.certificate });
  await expectReport(/cannot be used; the old one stays: .*key values mismatch/s);
  files.write({ certificate: 'no certificate', key: other.key });
  await expectReport(/cannot be used; the old one stays: .*cannot load certificate/s);
  files.write(other);
  await isServed(other);
  await until('it says so', () => nginx.complaints().includes('Nginx uses the new one'));
});
