import { join } from 'node:path';
import { createFindKey, createServiceClient } from '@millrace/chassis/calls';
import { createAuthentication } from '@millrace/chassis/http';
import {
  createLifecycle,
  createLogger,
  expectLargeBuffers,
  loadConfig,
  openTls,
  runService,
} from '@millrace/chassis/process';
import { createRateLimits } from '@millrace/chassis/stores/limits';
import { connectRedis } from '@millrace/chassis/stores/redis';
import { createTraceReader } from '@millrace/chassis/traces';
import { createWorkflowServices } from '@millrace/workflows';
import { createApp, type Services } from './app.js';
import { configSchema } from './config.js';
import { signInSettings } from './web-ui/sign-in.js';

expectLargeBuffers();
const config = loadConfig(configSchema);
const logger = createLogger('web-gateway', config);
const lifecycle = createLifecycle();
const tls = openTls(config, logger);
const redis = connectRedis(config.REDIS_URL, logger, { tls: tls.stores });
const limits = createRateLimits(config, logger, tls.stores);
const traces =
  config.TRACES_URL === undefined
    ? undefined
    : { reader: createTraceReader(config.TRACES_URL), jaegerUrl: config.TRACES_UI_URL };

const { taskApi, ...workers } = createWorkflowServices(config, tls.services);
const auth = createAuthentication(config, logger, createFindKey(taskApi));
// In the order in which the UI lists them.
const services: Services = {
  taskApi,
  userApi: createServiceClient({ name: 'user-api', urls: config.USER_API_URLS, tls: tls.services }),
  ...workers,
  queueWorker: createServiceClient({
    name: 'queue-worker',
    urls: config.QUEUE_WORKER_URLS,
    tls: tls.services,
  }),
};

const app = createApp({
  pod: config.POD_NAME,
  logger,
  lifecycle,
  auth,
  allowance: limits.requests,
  uploads: limits.create({
    name: 'upload',
    perSecond: config.UPLOAD_RATE_BYTES,
    burst: config.UPLOAD_BURST_BYTES,
    unit: 'content-bytes',
  }),
  redis,
  services,
  traces,
  uiFolder: join(__dirname, '../dist/ui'),
  signIn: signInSettings(config),
  limits: {
    uploadMaxBytes: config.UPLOAD_MAX_BYTES,
    memoryBudgetBytes: config.MEMORY_BUDGET_BYTES,
    uploadQueueLimit: config.UPLOAD_QUEUE_LIMIT,
    labRunLimit: config.LAB_RUN_LIMIT,
    uploadTimeoutMs: config.UPLOAD_TIMEOUT_MS,
    imageTtlSeconds: config.IMAGE_TTL_SECONDS,
  },
});

runService({
  config,
  logger,
  lifecycle,
  app,
  tls,
  close: [
    () => Promise.all(Object.values(services).map((service) => service.close())),
    () => limits.close(),
    () => traces?.reader.close(),
    () => redis.disconnect(),
  ],
});
