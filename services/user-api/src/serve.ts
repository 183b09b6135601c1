import { createFindKey, createServiceClient } from '@millrace/chassis/calls';
import { createAuthentication } from '@millrace/chassis/http';
import { createLifecycle, createLogger, loadConfig, openTls, runService } from '@millrace/chassis/process';
import { createRateLimits } from '@millrace/chassis/stores/limits';
import {
  awaitMigrations,
  createPostgres,
  createPostgresCheck,
  openFirst,
} from '@millrace/chassis/stores/postgres';
import { createApp } from './app.js';
import { configSchema } from './config.js';
import { schema } from './schema.js';

const config = loadConfig(configSchema);
const logger = createLogger('user-api', config);
const lifecycle = createLifecycle();
const tls = openTls(config, logger);
const taskApi = createServiceClient({
  name: 'task-api',
  urls: config.TASK_API_URLS,
  token: config.SERVICE_TOKEN,
  tls: tls.services,
});
const auth = createAuthentication(config, logger, createFindKey(taskApi));
const database = { ...config, tls: tls.stores };
const postgres = createPostgres(database, logger);
const postgresCheck = createPostgresCheck(database, 'users');
const limits = createRateLimits(config, logger, tls.stores);

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
  tls,
  async prepare(signal) {
    await awaitMigrations({ ...schema, config: database, logger, signal });
    await openFirst(postgres);
  },
  close: [() => taskApi.close(), () => limits.close(), () => postgresCheck.close(), () => postgres.end()],
});
