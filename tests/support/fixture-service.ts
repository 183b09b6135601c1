import { setTimeout as sleep } from 'node:timers/promises';
import { createHttpApp } from '@millrace/chassis/http';
import {
  createLifecycle,
  createLogger,
  currentSignal,
  loadConfig,
  runService,
  serviceConfig,
} from '@millrace/chassis/process';
import { Router } from 'express';

// A service for the tests of a service's lifecycle, run as a separate process. CLOSE_FAILS: the first step of the shutdown throws.
// CLOSE_HANGS: it never ends. PREPARE_FAILS: the start fails. PREPARE_WAITS: what it needs never comes.

const config = loadConfig(serviceConfig);
const logger = createLogger('fixture', config);
const lifecycle = createLifecycle();

const routes = Router();
routes.get('/quick', (_req, res) => {
  res.json({});
});
routes.get('/slow', async (_req, res) => {
  logger.info('slow request begun');
  await sleep(400);
  res.json({ slow: true });
});
routes.get('/endless', async () => {
  logger.info('endless request begun');
  await sleep(600_000, undefined, { signal: currentSignal() });
});
routes.get('/stream', (_req, res) => {
  res.write('begun\n');
  lifecycle.closing.addEventListener('abort', () => res.end('ended\n'));
});

runService({
  config,
  logger,
  lifecycle,
  app: createHttpApp({ service: 'fixture', pod: config.POD_NAME, logger, lifecycle, routes: [routes] }),
  prepare: async (stopped) => {
    if (process.env['PREPARE_WAITS']) await sleep(600_000, undefined, { signal: stopped });
    if (process.env['PREPARE_FAILS']) throw new Error('no schema');
    await Promise.resolve();
  },
  close: [
    async () => {
      logger.info('closing 1');
      if (process.env['CLOSE_FAILS']) throw new Error('cannot close 1');
      if (process.env['CLOSE_HANGS']) await sleep(60_000);
    },
    () => logger.info('closing 2'),
  ],
});
