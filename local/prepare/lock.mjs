import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join, relative } from 'node:path';
import { root } from './steps.mjs';

/**
 * Runs `work` while no other process prepares this checkout: two npm processes would damage node_modules. The lock is a listening socket,
 * which disappears with its process, however that ends.
 */
export async function withLock(work) {
  const unlock = await lock();
  try {
    return await work();
  } finally {
    unlock();
  }
}

async function lock() {
  // A socket's path is limited to about 100 characters; a relative path is shorter.
  const path = relative(process.cwd(), join(root, '.local', 'preparing'));
  for (;;) {
    const waiting = new Set();
    const server = createServer((socket) => waiting.add(socket.on('error', () => {})));
    try {
      mkdirSync(join(root, '.local'), { recursive: true });
      server.listen(path);
      await once(server, 'listening');
      return () => {
        server.close();
        for (const socket of waiting) socket.destroy();
      };
    } catch (error) {
      // A file system without sockets, or without write access: `work` finds out by itself whether it can run there.
      if (error.code !== 'EADDRINUSE') return () => {};
      if (!(await endOfHolder(path))) rmSync(path, { force: true });
    }
  }
}

/** Waits until the process that holds the lock releases it or ends; false at once when it has already ended. */
async function endOfHolder(path) {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
  } catch {
    return false;
  }
  process.stdout.write('Another process is preparing this checkout; waiting for it…\n');
  socket.resume();
  await once(socket, 'close').catch(() => {});
  return true;
}
