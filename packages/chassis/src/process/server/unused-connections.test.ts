import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { type Listener, listen } from '../../../../../tests/support/listen.js';
import { unusedConnections } from './unused-connections.js';

/** Longer than by default: a busy machine must get to the used one in time. */
const UNUSED_AFTER_MS = 2_000;

let listener: Listener;
let closeUnused: () => void;
beforeEach(async () => {
  const server = createServer((_req, res) => res.end('done'));
  closeUnused = unusedConnections(server, UNUSED_AFTER_MS);
  listener = await listen(server);
});
afterEach(() => listener.close());

/** A connection that is kept alive, after its first answer. */
async function open() {
  const socket = connect(listener.port, '127.0.0.1').setEncoding('utf8');
  const ask = async () => {
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [string];
    return answer;
  };
  const client = { ask, isOpen: true, closed: once(socket, 'end') };
  void client.closed.then(() => (client.isOpen = false));
  expect(await client.ask()).toMatch(/^HTTP\/1\.1 200 [^]*Connection: keep-alive/);
  return client;
}

it('closes the connections that no request uses for a while, and no other', async () => {
  const used = await open();
  const unused = await open();
  const begun = performance.now();
  closeUnused();
  expect(await used.ask()).toContain('200 OK');
  await unused.closed;
  expect(performance.now() - begun).toBeGreaterThan(UNUSED_AFTER_MS - 50);
  expect(used.isOpen).toBe(true);
  expect(await used.ask()).toContain('200 OK');
});

it('leaves connections alone that were opened later', async () => {
  const unused = await open();
  closeUnused();
  const later = await open();
  await unused.closed;
  expect(later.isOpen).toBe(true);
});
