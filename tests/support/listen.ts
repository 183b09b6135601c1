import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHttpServer } from '@millrace/chassis/process';
import type { Express } from 'express';
import { freePort } from '../../local/servers/ports.js';

/** A server that listens. */
export interface Listener {
  /** `http://127.0.0.1:port`, without a trailing slash. */
  url: string;
  port: number;
  /** Breaks all connections and stops listening. */
  close: () => Promise<void>;
}

/** Serves an app in this process as its service would. */
export function listenOnFreePort(app: Express): Promise<Listener> {
  return listen(createHttpServer(app));
}

/** Makes a server listen on a free port of 127.0.0.1. */
export async function listen(server: Server): Promise<Listener> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The URL of a port on 127.0.0.1 on which nothing listens, nor will by chance. */
export async function deserted(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`;
}
