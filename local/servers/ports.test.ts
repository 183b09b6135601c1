import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { assertPublicPort, freePort, takePortsFrom } from './ports.js';

test('finds free ports, each only once', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, freePort));
  expect(new Set(ports).size).toBe(20);
  await Promise.all(ports.map((port) => assertPublicPort(port, ['127.0.0.1'])));
});

test('says in one line that a port is in use, and how to choose another', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await expect(assertPublicPort(port, ['127.0.0.1'])).rejects.toThrow(
    `Port ${port} is in use by another program. Choose another: PORT=${port + 1} npm start`,
  );
  server.close();
});

test('says that an address does not belong to this machine', async () => {
  await expect(assertPublicPort(0, ['192.0.2.1'])).rejects.toThrow(
    '192.0.2.1 is not an address of this machine',
  );
});

test('finds them in one part of the range', async () => {
  // Of the 1,875 that this process has.
  takePortsFrom(50, { parts: 100 });
  const ports = await Promise.all(Array.from({ length: 10 }, freePort));
  expect(Math.max(...ports) - Math.min(...ports)).toBeLessThan(18);
});
