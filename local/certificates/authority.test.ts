import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { type Credentials, issueCertificate, makeAuthority } from './authority.js';

let authority: Credentials;

beforeAll(async () => {
  authority = await makeAuthority({
    name: 'Test, with a comma',
    days: 10,
    onlyFor: { hosts: ['localhost'], networks: ['127.0.0.0/8', '::1/128'] },
  });
});

/** Connects by name to a server with that certificate, as a client that trusts only this authority. */
async function connect(servername: string, { certificate, key }: Credentials): Promise<void> {
  const server = tls.createServer({ cert: certificate, key }).listen(0, '127.0.0.1');
  server.on('tlsClientError', () => undefined);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const options = { host: '127.0.0.1', port, ca: authority.certificate, servername };
  const socket = tls.connect(servername === '127.0.0.1' ? { ...options, servername: '' } : options);
  try {
    await once(socket, 'secureConnect');
  } finally {
    socket.destroy();
    server.close();
  }
}

test.each(['localhost', '127.0.0.1', 'a.localhost'])(
  'a client that trusts it connects to %s',
  async (host) => {
    await connect(host, await issueCertificate(authority, { hosts: [host], days: 1 }));
  },
);

test.each(['example.com', 'localhost.example.com'])(
  'its certificate for %s is not valid, even with its key',
  async (host) => {
    const forged = await issueCertificate(authority, { hosts: [host], days: 1 });
    await expect(connect(host, forged)).rejects.toThrow('permitted subtree violation');
  },
);

test('its certificate for another address is not valid', async () => {
  const forged = await issueCertificate(authority, { hosts: ['localhost', '192.0.2.1'], days: 1 });
  await expect(connect('localhost', forged)).rejects.toThrow('permitted subtree violation');
});

test('it cannot sign another authority, and its certificates expire when they should', async () => {
  const issued = new X509Certificate(
    (await issueCertificate(authority, { hosts: ['localhost'], days: 1 })).certificate,
  );
  expect(issued.issuer).toContain('with a comma');
  expect(issued.ca).toBe(false);
  expect(issued.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
  expect(Date.parse(issued.validTo) - Date.parse(issued.validFrom)).toBe(86_400_000);
});
