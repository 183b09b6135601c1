import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import type { ServiceConfig } from './config/config.js';
import { createHttpServer } from './server/http-server.js';
import type { Lifecycle } from './lifecycle.js';
import type { Logger } from './log/logger.js';
import { serveProbes } from './server/probe-server.js';
import { serveMetrics } from '../telemetry/metrics-server.js';
import { startTracing } from '../telemetry/tracing.js';
import { shutDown } from './shutdown.js';
import type { Tls } from './tls/index.js';
import { unusedConnections } from './server/unused-connections.js';

export interface ServiceOptions {
  config: ServiceConfig;
  logger: Logger;
  lifecycle: Lifecycle;
  app: Express;
  /** Default: plain. */
  tls?: Tls;
  /**
   * What must happen before it takes traffic (migrations). Probes work in the meantime. A rejection ends the process, unless `stopped`,
   * which aborts at the first signal, was the reason.
   */
  prepare?: (stopped: AbortSignal) => Promise<void>;
  /** Called in this order at the end, even if one fails: workers first, then connections. */
  close?: (() => unknown)[];
}

/**
 * Runs a service until SIGTERM or SIGINT, then shuts it down (see `shutDown`); the process ends by itself with status 0. At
 * SHUTDOWN_TIMEOUT_MS, or at a second signal, it ends at once with 1.
 * With READINESS=port, the port opens after `prepare` and closes at once at the signal, soon followed by idle
 * connections: a client that finds one closed has sent nothing yet and can use another replica, whatever the method.
 */
export function runService(options: ServiceOptions): void {
  const { config, logger, lifecycle, app, prepare } = options;
  const stopTracing = startTracing(logger);
  const close = [...(options.close ?? []), ...(stopTracing ? [stopTracing] : [])];
  const server = createHttpServer(app, options.tls?.services);
  const closeUnused = config.READINESS === 'port' ? unusedConnections(server) : undefined;

  const fatal = (error: unknown, what: string) => {
    logger.fatal({ err: error }, what);
    process.exit(1);
  };
  process.on('uncaughtException', (error) => fatal(error, 'uncaught exception'));
  process.on('unhandledRejection', (error) => fatal(error, 'unhandled rejection'));
  server.on('error', (error) => fatal(error, 'cannot listen'));

  const end = async (signal: string) => {
    logger.info({ signal, drain_ms: config.SHUTDOWN_DRAIN_MS }, 'draining');
    try {
      await shutDown({ config, logger, lifecycle, server, closeUnused, prepared, close, fatal });
      logger.info('stopped');
    } catch (error) {
      fatal(error, 'shutdown failed');
    }
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (lifecycle.phase() === 'draining') fatal(undefined, `second signal (${signal}): ending at once`);
      else void end(signal);
    });
  }

  const { METRICS_PORT, PROBE_PORT, HOST } = config;
  if (METRICS_PORT !== undefined) {
    // From the first moment to the last: a start that takes long, and a shutdown, can be watched too.
    serveMetrics({ port: METRICS_PORT, host: HOST }).then(
      ({ port }) => logger.info({ port }, 'serving metrics'),
      (error: unknown) => fatal(error, 'cannot serve metrics'),
    );
  }

  if (PROBE_PORT !== undefined) {
    serveProbes({ port: PROBE_PORT, host: HOST }, lifecycle).then(
      ({ port }) => logger.info({ port }, 'answering probes'),
      (error: unknown) => fatal(error, 'cannot answer probes'),
    );
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
