import { createAuthentication } from '@millrace/chassis/http';
import { createLifecycle, createLogger, loadConfig, runService } from '@millrace/chassis/process';
import { awaitMigrations, createPostgres, createPostgresCheck } from '@millrace/chassis/stores/postgres';
import { createRateLimits } from '@millrace/chassis/stores/limits';
import { createApp } from './app.js';
import { configSchema } from './config.js';
import { schema } from './schema.js';

const config = loadConfig(configSchema);
const logger = createLogger('user-api', config);
const lifecycle = createLifecycle();
const auth = createAuthentication(config, logger);
const postgres = createPostgres(config, logger);
const postgresCheck = createPostgresCheck(config, 'users');
const limits = createRateLimits(config, logger);

const app = createApp({
  pod: config.POD_NAME,
  logger,
  lifecycle,
  auth,
  allowance: limits.requests,
  postgres,
  postgresCheck,
});

runService({
  config,
  logger,
  lifecycle,
  app,
  prepare: (signal) => awaitMigrations({ ...schema, config, logger, signal }),
  close: [() => limits.close(), () => postgresCheck.close(), () => postgres.end()],
});
