import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ranges from which Linux and macOS take the ports of outgoing connections, and Kubernetes its node ports: a port from here is still
 * free when its service restarts.
 */
const range = { lowest: 15_000, highest: 30_000 };

const given = new Set<number>();

/**
 * Restricts this process to one part of the range. Processes that run at the same time, each with its own part, cannot take each other's ports
 * while nothing listens on them: before a server starts, or until it restarts.
 *
 * @param part from 0
 */
export function takePortsFrom(part: number, { parts }: { parts: number }): void {
  const size = Math.floor((range.highest - range.lowest) / parts);
  range.lowest += part * size;
  range.highest = range.lowest + size;
}

/** A free TCP port on 127.0.0.1; the same process never hands out a port twice. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = range.lowest + Math.floor(Math.random() * (range.highest - range.lowest));
    if (!given.has(port) && (await listenError(port, '127.0.0.1')) === undefined) {
      given.add(port);
      return port;
    }
  }
}

/** Throws, with a message for people, when the public port cannot be used. `variable` is what chooses it. */
export async function assertPublicPort(port: number, hosts: string[], variable = 'PORT'): Promise<void> {
  for (const host of hosts) {
    const code = await listenError(port, host);
    if (code === 'EADDRINUSE') {
      throw new Error(
        `Port ${port} is in use by another program. Choose another: ${variable}=${port + 1} npm start`,
      );
    }
    if (code === 'EACCES') {
      throw new Error(
        `Port ${port} requires administrator rights. Choose one above 1023: ${variable}=8080 npm start`,
      );
    }
    if (code === 'EADDRNOTAVAIL') {
      throw new Error(`${host} is not an address of this machine. Choose another: BIND=127.0.0.1 npm start`);
    }
    if (code) throw new Error(`Port ${port} on ${host} cannot be opened: ${code}`);
  }
}

export async function hasIpv6Loopback(): Promise<boolean> {
  return (await listenError(0, '::1')) === undefined;
}

/** The error code of an attempt to listen, or undefined when it worked. */
async function listenError(port: number, host: string): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen({ port, host, exclusive: true, ipv6Only: true });
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
