import { join } from 'node:path';
import { createLifecycle, createLogger, loadConfig, runService } from '@millrace/chassis';
import { migrate } from '@millrace/chassis/migrate';
import { createPostgres } from '@millrace/chassis/postgres';
import { createApp } from './app.js';
import { configSchema } from './config.js';

const config = loadConfig(configSchema);
const logger = createLogger('user-api', config);
const lifecycle = createLifecycle();
const postgres = createPostgres(config, logger);

const app = createApp({ pod: config.POD_NAME, logger, lifecycle, postgres });

runService({
  config,
  logger,
  lifecycle,
  app,
  prepare: (signal) =>
    migrate({ config, directory: join(__dirname, '../migrations'), schema: 'users', logger, signal }),
  close: [() => postgres.end()],
});
