import { createLifecycle, createLogger, loadConfig, runService } from '@millrace/chassis';
import { createServiceClient } from '@millrace/chassis/service-client';
import { createApp } from './app.js';
import { configSchema } from './config.js';
import { startConsumer } from './consumer.js';
import { createJobBoard } from './job-board.js';
import { performTask } from './perform-task.js';
import { processMessage } from './process-message.js';

const config = loadConfig(configSchema);
const logger = createLogger('queue-worker', config);
const lifecycle = createLifecycle();
const taskApi = createServiceClient({ name: 'task-api', urls: config.TASK_API_URLS });
const board = createJobBoard(taskApi, config.POD_NAME);

const consumer = startConsumer({
  redisUrl: config.REDIS_URL,
  concurrency: config.QUEUE_CONCURRENCY,
  logger,
  process: (message) =>
    processMessage(message, {
      board,
      logger,
      signal: lifecycle.closing,
      perform: (job) => performTask(job, { logger, delayMs: config.TASK_DELAY_MS }),
    }),
});

const app = createApp({ pod: config.POD_NAME, logger, lifecycle, redis: consumer.redis });

runService({
  config,
  logger,
  lifecycle,
  app,
  // Half of the time is left for what comes after.
  close: [() => consumer.close(config.SHUTDOWN_TIMEOUT_MS / 2), () => taskApi.close()],
});
