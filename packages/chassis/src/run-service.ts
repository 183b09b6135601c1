import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import type { Express } from 'express';
import type { ServiceConfig } from './config.js';
import { createHttpServer } from './http-server.js';
import type { Lifecycle } from './lifecycle.js';
import type { Logger } from './logger.js';

export interface ServiceOptions {
  config: ServiceConfig;
  logger: Logger;
  lifecycle: Lifecycle;
  app: Express;
  /**
   * What must be done before traffic is taken (migrations). The probes answer meanwhile. A rejection ends the process, unless `stopped`,
   * which aborts at the first signal, has ended it.
   */
  prepare?: (stopped: AbortSignal) => Promise<void>;
  /** Called in this order at the end, each even when one before it failed: workers first, then connections. */
  close?: (() => unknown)[];
}

/**
 * Runs a service until SIGTERM or SIGINT, then ends it so that nobody notices:
 * readiness 503 → serve on for SHUTDOWN_DRAIN_MS with `Connection: close` → end streams → close the server → `close`
 * hooks → the process ends by itself with status 0. At SHUTDOWN_TIMEOUT_MS, or at a second signal, it ends at once with 1.
 * With READINESS=port, the port opens after `prepare` and closes at once at the signal, and soon after it the connections that are
 * kept alive for nothing: who finds them closed has sent nothing yet and goes elsewhere, whatever the method.
 */
export function runService(options: ServiceOptions): void {
  const { config, logger, lifecycle, app, prepare, close = [] } = options;
  const server = createHttpServer(app);
  const closeUnused = config.READINESS === 'port' ? unusedConnections(server) : undefined;

  const fatal = (error: unknown, what: string) => {
    logger.fatal({ err: error }, what);
    process.exit(1);
  };
  process.on('uncaughtException', (error) => fatal(error, 'uncaught exception'));
  process.on('unhandledRejection', (error) => fatal(error, 'unhandled rejection'));
  server.on('error', (error) => fatal(error, 'cannot listen'));

  const shutDown = async (signal: string) => {
    lifecycle.drain();
    logger.info({ signal, drain_ms: config.SHUTDOWN_DRAIN_MS }, 'draining');
    setTimeout(() => {
      server.closeAllConnections();
      fatal(undefined, `shutdown not done in ${config.SHUTDOWN_TIMEOUT_MS} ms`);
    }, config.SHUTDOWN_TIMEOUT_MS).unref();
    // What is still at work then hears of it in time to answer.
    setTimeout(() => lifecycle.expire(), config.SHUTDOWN_TIMEOUT_MS * EXPIRES_AT).unref();

    await prepared;
    const closed = server.listening ? once(server, 'close') : undefined;
    if (closeUnused) {
      // The port alone: the HTTP server's own `close` would break off idle connections, under requests that are on their way there.
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
    logger.info('stopped');
  };

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (lifecycle.phase() === 'draining') fatal(undefined, `second signal (${signal}): ending at once`);
      else shutDown(signal).catch((error: unknown) => fatal(error, 'shutdown failed'));
    });
  }

  const listen = () => {
    server.listen(config.PORT, config.HOST, () => {
      logger.info({ port: (server.address() as AddressInfo).port, node: process.version }, 'listening');
    });
  };
  if (config.READINESS === 'probe') listen();
  const prepared = Promise.resolve(prepare?.(lifecycle.draining)).then(
    () => {
      lifecycle.ready();
      if (config.READINESS === 'port' && lifecycle.phase() === 'ready') listen();
    },
    (error: unknown) => {
      if (lifecycle.phase() !== 'draining') fatal(error, 'cannot start');
    },
  );
}

/** The part of SHUTDOWN_TIMEOUT_MS after which requests that are still at work are given up. */
const EXPIRES_AT = 0.9;

const CLOSE_IDLE_EVERY_MS = 100;

/** A connection that a busy client has not used for so long, though others ended meanwhile, is not the next that it will take. */
const UNUSED_AFTER_MS = 500;

/** @returns closes the connections on which no request comes for another 500 ms */
function unusedConnections(server: Server): () => void {
  const idle = new Set<Socket>();
  let candidates = idle;
  const inUse = ({ socket }: IncomingMessage, response: ServerResponse) => {
    idle.delete(socket);
    candidates.delete(socket);
    response.once('close', () => socket.destroyed || idle.add(socket));
  };
  server.on('connection', (socket: Socket) => {
    idle.add(socket);
    socket.once('close', () => idle.delete(socket));
  });
  server.on('request', inUse).on('checkContinue', inUse);
  return () => {
    candidates = new Set(idle);
    setTimeout(() => {
      for (const socket of candidates) socket.end();
    }, UNUSED_AFTER_MS).unref();
  };
}
