import { createAuthentication } from '@millrace/chassis/http';
import {
  createLifecycle,
  createLogger,
  expectLargeBuffers,
  loadConfig,
  openTls,
  runService,
} from '@millrace/chassis/process';
import { connectRedis } from '@millrace/chassis/stores/redis';
import {
  createEffectWorkers,
  createImageStore,
  createWorkflowServices,
  splitMemory,
} from '@millrace/workflows';
import { createApp } from './app.js';
import { configSchema } from './config.js';
import { startConsumers } from './consumers.js';
import { createJobBoard } from './job-board.js';
import { createJobProcessor } from './job-processor.js';
import { BREAKS_LIMIT, createPerformJob } from './perform-job.js';
import { measured } from './run-metrics.js';

expectLargeBuffers();
const config = loadConfig(configSchema);
const logger = createLogger('queue-worker', config);
const lifecycle = createLifecycle();
const tls = openTls(config, logger);
const auth = createAuthentication(config, logger);
const redis = connectRedis(config.REDIS_URL, logger, { tls: tls.stores });
const services = createWorkflowServices(config, tls.services);
const board = createJobBoard(services.taskApi, config.POD_NAME);
const memory = splitMemory(config.MEMORY_BUDGET_BYTES);
const perform = createPerformJob({
  taskDelayMs: config.TASK_DELAY_MS,
  textWorker: services.textWorker,
  effectWorkers: createEffectWorkers({
    workers: { blur: services.blurWorker, bw: services.bwWorker },
    timeoutMs: config.EFFECT_TIMEOUT_MS,
    breaksLimit: BREAKS_LIMIT,
    background: true,
    memoryBytes: memory.made,
  }),
  memoryBytes: memory.received,
  images: createImageStore({ redis, ttlSeconds: config.IMAGE_TTL_SECONDS }),
  board,
});

const consumer = startConsumers({
  redisUrl: config.REDIS_URL,
  tls: tls.stores,
  concurrency: config.QUEUE_CONCURRENCY,
  logger,
  processor: createJobProcessor({ board, logger, perform: measured(perform) }),
});

const app = createApp({
  pod: config.POD_NAME,
  logger,
  lifecycle,
  auth,
  redis,
  taskApi: services.taskApi,
  consumer,
});

runService({
  config,
  logger,
  lifecycle,
  app,
  tls,
  close: [
    // Half of the time is reserved for what comes afterwards.
    () => consumer.close(config.SHUTDOWN_TIMEOUT_MS / 2),
    () => redis.disconnect(),
    () => Promise.all(Object.values(services).map((service) => service.close())),
  ],
});
