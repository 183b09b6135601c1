import { createAuthentication } from '@millrace/chassis/http';
import { createLifecycle, createLogger, loadConfig, openTls, runService } from '@millrace/chassis/process';
import { createRateLimits } from '@millrace/chassis/stores/limits';
import { awaitMigrations, createPostgresCheck, openFirst } from '@millrace/chassis/stores/postgres';
import { connectRedis } from '@millrace/chassis/stores/redis';
import { createTraceReader } from '@millrace/chassis/traces';
import { createApp } from './app.js';
import { INPUT_SHARE } from './jobs/intake/backlog.js';
import { configSchema } from './config.js';
import { createJobPublisher } from './jobs/outbox/publisher.js';
import { createKeyStore } from './keys/key-store.js';
import { createListPool } from './lists/list-pool.js';
import { createMainPool } from './main-pool.js';
import { startRetention } from './jobs/retention.js';
import { startSweeper } from './jobs/outbox/sweeper.js';
import { schema } from './schema.js';
import { createTaskHints } from './tasks/task-hints.js';
import { fillTaskTexts, startMergingTexts } from './tasks/task-texts.js';

const config = loadConfig(configSchema);
const logger = createLogger('task-api', config);
const lifecycle = createLifecycle();
const tls = openTls(config, logger);
const database = { ...config, tls: tls.stores };
const postgres = createMainPool(database, logger);
const keys = config.AUTH_MODE === 'off' ? undefined : createKeyStore(postgres);
const auth = createAuthentication(config, logger, keys?.find);
const lists = createListPool(database, logger);
const postgresCheck = createPostgresCheck(database, 'jobs');
const redis = connectRedis(config.REDIS_URL, logger, { tls: tls.stores });
const limits = createRateLimits(config, logger, tls.stores);
const publisher = createJobPublisher(redis);
const hints = createTaskHints(redis, logger);
const traces = config.TRACES_URL === undefined ? undefined : createTraceReader(config.TRACES_URL);

const app = createApp({
  pod: config.POD_NAME,
  logger,
  lifecycle,
  auth,
  allowance: limits.requests,
  postgres,
  lists,
  postgresCheck,
  redis,
  publisher,
  hints,
  traces,
  keys,
  options: {
    leaseMs: config.JOB_LEASE_MS,
    backoffMs: config.JOB_BACKOFF_MS,
    maxAttempts: config.JOB_MAX_ATTEMPTS,
    sweepAfterMs: config.SWEEP_AFTER_MS,
    backlog: {
      jobs: config.JOB_BACKLOG_LIMIT,
      images: config.IMAGE_BACKLOG_LIMIT,
      bytes: config.JOB_BACKLOG_BYTES,
      scheduled: config.SCHEDULED_LIMIT,
    },
    imageMaxBytes: config.IMAGE_MAX_BYTES,
    memoryBudgetBytes: config.MEMORY_BUDGET_BYTES,
    eventStreamLimit: config.EVENT_STREAM_LIMIT,
    eventStreamLimitPerClient: config.EVENT_STREAM_LIMIT_PER_CLIENT,
  },
});

/** How often to look for expired data. */
const RETENTION_INTERVAL_MS = 60_000;
/** How often to merge new texts into the search index. */
const MERGE_INTERVAL_MS = 1_000;

let stopRetention = () => Promise.resolve();
let stopSweeper = () => Promise.resolve();
let stopMerging = () => Promise.resolve();

runService({
  config,
  logger,
  lifecycle,
  app,
  tls,
  async prepare(signal) {
    await awaitMigrations({ ...schema, config: database, logger, signal });
    await openFirst(postgres, lists);
    await fillTaskTexts(postgres, { logger, signal });
    stopMerging = startMergingTexts({ db: postgres, intervalMs: MERGE_INTERVAL_MS, logger });
    stopRetention = startRetention({
      db: postgres,
      jobTtlSeconds: config.JOB_TTL_SECONDS,
      jobHistoryBytes: config.JOB_HISTORY_BYTES,
      failedInputBytes: config.JOB_BACKLOG_BYTES * INPUT_SHARE,
      intervalMs: RETENTION_INTERVAL_MS,
      logger,
    });
    if (config.SWEEP_INTERVAL_MS === 0) return;
    stopSweeper = startSweeper({
      db: postgres,
      publisher,
      hints,
      intervalMs: config.SWEEP_INTERVAL_MS,
      republishAfterMs: config.REPUBLISH_AFTER_MS,
      logger,
    });
  },
  close: [
    () => Promise.all([stopSweeper(), stopRetention(), stopMerging()]),
    () => hints.close(),
    () => limits.close(),
    () => redis.disconnect(),
    () => postgresCheck.close(),
    () => traces?.close(),
    () => Promise.all([postgres.end(), lists.end()]),
  ],
});
