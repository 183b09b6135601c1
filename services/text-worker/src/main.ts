import { createAuthentication } from '@millrace/chassis/http';
import { createLifecycle, createLogger, loadConfig, openTls, runService } from '@millrace/chassis/process';
import { createApp } from './app.js';
import { configSchema } from './config.js';

const config = loadConfig(configSchema);
const logger = createLogger('text-worker', config);
const lifecycle = createLifecycle();
const tls = openTls(config, logger);
const auth = createAuthentication(config, logger);

const app = createApp({ pod: config.POD_NAME, logger, lifecycle, auth });

runService({ config, logger, lifecycle, app, tls });
