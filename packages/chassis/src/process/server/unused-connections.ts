import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** A busy client that has not used a connection for this long while others ended will not use it next. */
const UNUSED_AFTER_MS = 500;

/**
 * @param unusedAfterMs default 500
 * @returns a function that closes the connections without a request for so long from then on
 */
export function unusedConnections(server: Server, unusedAfterMs = UNUSED_AFTER_MS): () => void {
  const idle = new Set<Socket>();
  let candidates = idle;
  const inUse = ({ socket }: IncomingMessage, response: ServerResponse) => {
    idle.delete(socket);
    candidates.delete(socket);
    response.once('close', () => socket.destroyed || idle.add(socket));
  };
  // With TLS, requests have a separate socket, on top of the connection's.
  const opened = 'setSecureContext' in server ? 'secureConnection' : 'connection';
  server.on(opened, (socket: Socket) => {
    idle.add(socket);
    socket.once('close', () => idle.delete(socket));
  });
  server.on('request', inUse).on('checkContinue', inUse);
  return () => {
    candidates = new Set(idle);
    setTimeout(() => {
      for (const socket of candidates) socket.end();
    }, unusedAfterMs).unref();
  };
}
