import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Stack } from './stack.js';
import { parseScale, scaleOf } from './replicas.js';

export type Control = { close(): Promise<void> };

type Scalable = Pick<Stack, 'url' | 'replicas' | 'scale'>;

/**
 * Allows changes to the running stack: HTTP on the socket `control` in its data folder, which only its owner can use.
 *
 * - `GET /scale` answers `{"url":"http://…","scale":{"blur-worker":1,…}}`.
 * - `POST /scale` takes `blur-worker=4 web-gateway=2` and returns the same when that is done, or `{"error":"…"}`.
 */
export async function openControl(dataDir: string, stack: Scalable): Promise<Control> {
  const path = join(dataDir, 'control');
  // A killed stack leaves its socket behind; the data folder is ours.
  rmSync(path, { force: true });
  const server = createServer((request, response) => void answer(request, response, stack));
  // A socket's path is limited to about 100 characters; a relative path is shorter.
  server.listen(relative(process.cwd(), path));
  await once(server, 'listening');
  chmodSync(path, 0o600);
  return {
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, stack: Scalable): Promise<void> {
  const send = (status: number, body: object) => {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
  };
  if (request.url !== '/scale') {
    send(404, { error: 'Only /scale exists here.' });
    return;
  }
  try {
    if (request.method === 'POST') {
      const words = (await text(request)).split(/\s+/).filter((word) => word !== '');
      await stack.scale(parseScale(words));
    }
    send(200, { url: stack.url, scale: scaleOf(stack.replicas) });
  } catch (error) {
    send(400, { error: (error as Error).message });
  }
}
