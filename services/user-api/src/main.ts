import { join } from 'node:path';
import { createFindKey, createServiceClient } from '@millrace/chassis/calls';
import { createAuthentication } from '@millrace/chassis/http';
import { createLifecycle, createLogger, loadConfig, runService } from '@millrace/chassis/process';
import { createPostgres, createPostgresCheck, migrate } from '@millrace/chassis/stores/postgres';
import { createApp } from './app.js';
import { configSchema } from './config.js';

const config = loadConfig(configSchema);
const logger = createLogger('user-api', config);
const lifecycle = createLifecycle();
const taskApi = createServiceClient({
  name: 'task-api',
  urls: config.TASK_API_URLS,
  token: config.SERVICE_TOKEN,
});
const auth = createAuthentication(config, logger, createFindKey(taskApi));
const postgres = createPostgres(config, logger);
const postgresCheck = createPostgresCheck(config, 'users');

const app = createApp({ pod: config.POD_NAME, logger, lifecycle, auth, postgres, postgresCheck });

runService({
  config,
  logger,
  lifecycle,
  app,
  prepare: (signal) =>
    migrate({ config, directory: join(__dirname, '../migrations'), schema: 'users', logger, signal }),
  close: [() => taskApi.close(), () => postgresCheck.close(), () => postgres.end()],
});
