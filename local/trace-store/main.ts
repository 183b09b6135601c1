// A small trace store for local processes: npm start -- --observe. Containers use Jaeger instead.
import {
  createLifecycle,
  createLogger,
  loadConfig,
  runService,
  serviceConfig,
} from '@millrace/chassis/process';
import { createTraceStoreApp } from './app.js';
import { createTraceStore } from './store.js';

const config = loadConfig(serviceConfig);
const logger = createLogger('trace-store', config);
const lifecycle = createLifecycle();
const app = createTraceStoreApp({ store: createTraceStore(), pod: config.POD_NAME, lifecycle, logger });

runService({ config, logger, lifecycle, app });
