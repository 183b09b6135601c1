import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { freePort } from '../../local/servers/ports.js';

/** A network link to a server on this machine, which a test can damage. */
export interface Link {
  port: number;
  /** Breaks all connections and refuses new ones, as when the server is not running. */
  cut: () => Promise<void>;
  /** Accepts connections but lets nothing pass through them, as when the server hangs. */
  freeze: () => Promise<void>;
  /** Undoes `cut` and `freeze`. */
  mend(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a port that leads to `target`, a port of 127.0.0.1. */
export async function openLink(target: number): Promise<Link> {
  const port = await freePort();
  const sockets = new Set<Socket>();
  let frozen = false;

  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => to.write(bytes));
      from.on('end', () => to.end());
      // A broken end breaks the other: that is what a link must do.
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      if (frozen) from.pause();
    }
  });

  const listen = async () => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const cut = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };

  await listen();
  return {
    port,
    cut,
    freeze() {
      frozen = true;
      for (const socket of sockets) socket.pause();
      return Promise.resolve();
    },
    async mend() {
      frozen = false;
      for (const socket of sockets) socket.resume();
      if (!server.listening) await listen();
    },
    close: cut,
  };
}
