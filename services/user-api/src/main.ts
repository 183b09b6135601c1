import { join } from 'node:path';
import { createFindKey, createServiceClient } from '@millrace/chassis/calls';
import { createAuthentication } from '@millrace/chassis/http';
import { createLifecycle, createLogger, loadConfig, openTls, runService } from '@millrace/chassis/process';
import { createPostgres, createPostgresCheck, migrate } from '@millrace/chassis/stores/postgres';
import { createApp } from './app.js';
import { configSchema } from './config.js';

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

const app = createApp({ pod: config.POD_NAME, logger, lifecycle, auth, postgres, postgresCheck });

runService({
  config,
  logger,
  lifecycle,
  app,
  tls,
  prepare: (signal) =>
    migrate({
      config: database,
      directory: join(__dirname, '../migrations'),
      schema: 'users',
      logger,
      signal,
    }),
  close: [() => taskApi.close(), () => postgresCheck.close(), () => postgres.end()],
});
