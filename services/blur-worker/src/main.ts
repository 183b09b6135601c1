import { createAuthentication } from '@millrace/chassis/http';
import {
  createLifecycle,
  createLogger,
  expectLargeBuffers,
  loadConfig,
  openTls,
  runService,
} from '@millrace/chassis/process';
import { createApp } from './app.js';
import { configSchema } from './config.js';

expectLargeBuffers();
const config = loadConfig(configSchema);
const logger = createLogger('blur-worker', config);
const lifecycle = createLifecycle();
const tls = openTls(config, logger);
const auth = createAuthentication(config, logger);

const app = createApp({
  pod: config.POD_NAME,
  logger,
  lifecycle,
  auth,
  limits: config,
  sigma: config.BLUR_SIGMA,
  delayMs: config.BLUR_DELAY_MS,
});

runService({ config, logger, lifecycle, app, tls });
