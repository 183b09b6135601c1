import { join } from 'node:path';
import { createLifecycle, createLogger, loadConfig, runService } from '@millrace/chassis';
import { migrate } from '@millrace/chassis/migrate';
import { createPostgres } from '@millrace/chassis/postgres';
import { connectRedis } from '@millrace/chassis/redis';
import { createApp } from './app.js';
import { configSchema } from './config.js';
import { createJobPublisher } from './job-publisher.js';
import { createJobStore } from './job-store.js';
import { startSweeper } from './sweeper.js';

const config = loadConfig(configSchema);
const logger = createLogger('task-api', config);
const lifecycle = createLifecycle();
const postgres = createPostgres(config, logger);
const redis = connectRedis(config.REDIS_URL, logger);
const jobs = createJobStore(postgres, { leaseMs: config.JOB_LEASE_MS, maxAttempts: config.JOB_MAX_ATTEMPTS });
const publisher = createJobPublisher(redis);

const app = createApp({ pod: config.POD_NAME, logger, lifecycle, postgres, redis, jobs, publisher });

let stopSweeper = () => Promise.resolve();

runService({
  config,
  logger,
  lifecycle,
  app,
  async prepare() {
    await migrate({ config, directory: join(__dirname, '../migrations'), schema: 'tasks', logger });
    stopSweeper = startSweeper({ jobs, publisher, intervalMs: config.SWEEP_INTERVAL_MS, logger });
  },
  close: [() => stopSweeper(), () => publisher.close(), () => redis.disconnect(), () => postgres.end()],
});
