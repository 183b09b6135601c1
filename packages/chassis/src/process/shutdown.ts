import { once } from 'node:events';
import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import type { ServiceConfig } from './config/config.js';
import type { Lifecycle } from './lifecycle.js';
import type { Logger } from './log/logger.js';

/** The part of SHUTDOWN_TIMEOUT_MS after which unfinished requests are aborted. */
const EXPIRES_AT = 0.9;

const CLOSE_IDLE_EVERY_MS = 100;

export interface ShutdownOptions {
  config: Pick<ServiceConfig, 'SHUTDOWN_DRAIN_MS' | 'SHUTDOWN_TIMEOUT_MS'>;
  logger: Logger;
  lifecycle: Lifecycle;
  server: Server;
  /** With READINESS=port: closes unused kept-alive connections. */
  closeUnused: (() => void) | undefined;
  /** The preparation before traffic, which is awaited. */
  prepared: Promise<void>;
  /** Called in this order at the end, even if an earlier one failed. */
  close: (() => unknown)[];
  /** Ends the process at once, with status 1. */
  fatal: (error: unknown, what: string) => void;
}

/**
 * Stops a service without failing a request: readiness 503 → serve on for SHUTDOWN_DRAIN_MS with `Connection: close` → end streams →
 * close the server → `close` steps. `fatal` at SHUTDOWN_TIMEOUT_MS.
 */
export async function shutDown(options: ShutdownOptions): Promise<void> {
  const { config, logger, lifecycle, server, closeUnused, prepared, close, fatal } = options;
  lifecycle.drain();
  setTimeout(() => {
    server.closeAllConnections();
    fatal(undefined, `shutdown not done in ${config.SHUTDOWN_TIMEOUT_MS} ms`);
  }, config.SHUTDOWN_TIMEOUT_MS).unref();
  // Unfinished requests then learn of it in time to answer.
  setTimeout(() => lifecycle.expire(), config.SHUTDOWN_TIMEOUT_MS * EXPIRES_AT).unref();

  await prepared;
  const closed = server.listening ? once(server, 'close') : undefined;
  if (closeUnused) {
    // Only the port: the HTTP server's own `close` would break idle connections, while requests may be on their way there.
    NetServer.prototype.close.call(server);
    closeUnused();
  }
  await new Promise((resolve) => setTimeout(resolve, config.SHUTDOWN_DRAIN_MS));
  lifecycle.close();
  server.close();
  // Requests that began before the signal told their clients to keep the connection.
  const closing = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS);
  await closed;
  clearInterval(closing);
  for (const step of close) {
    try {
      await step();
    } catch (error) {
      process.exitCode = 1;
      logger.error({ err: error }, 'a step of the shutdown failed');
    }
  }
}
