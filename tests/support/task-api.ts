import type { Express } from 'express';
/* eslint-disable no-restricted-imports -- tests put services together */
import { createApp } from '../../services/task-api/src/app.js';
import { createJobPublisher } from '../../services/task-api/src/job-publisher.js';
import {
  createJobStore,
  type JobStore,
  type JobStoreOptions,
} from '../../services/task-api/src/job-store.js';
import { startSweeper } from '../../services/task-api/src/sweeper.js';
/* eslint-enable no-restricted-imports */
import { startTestPostgres, type TestPostgres } from './postgres.js';
import { startTestRedis, type TestRedis } from './redis.js';
import { basics, silentLogger } from './service-basics.js';

/** task-api, put together as its `main.ts` does, with servers of its own. */
export interface TestTaskApi {
  app: Express;
  jobs: JobStore;
  postgres: TestPostgres;
  redis: TestRedis;
  /** Runs the sweeper until the end of the test file. @param intervalMs default 50 */
  sweep(intervalMs?: number): void;
  /** Removes all tasks and jobs, and everything in Redis. */
  empty(): Promise<void>;
  stop(): Promise<void>;
}

/** @param options defaults: a lease of 30 s, 3 attempts, and times of the sweeper that suit a test */
export async function startTaskApi(options: Partial<JobStoreOptions> = {}): Promise<TestTaskApi> {
  const [postgres, redis] = await Promise.all([startTestPostgres('task-api'), startTestRedis()]);
  const jobs = createJobStore(postgres.db, {
    leaseMs: 30_000,
    maxAttempts: 3,
    firstSweepAfterMs: 300,
    republishAfterMs: 300,
    ...options,
  });
  const publisher = createJobPublisher(redis.redis);
  const app = createApp({
    ...basics('task-api-test'),
    postgres: postgres.db,
    redis: redis.redis,
    jobs,
    publisher,
  });
  let stopSweeper = () => Promise.resolve();
  return {
    app,
    jobs,
    postgres,
    redis,
    sweep(intervalMs = 50) {
      stopSweeper = startSweeper({ jobs, publisher, intervalMs, logger: silentLogger() });
    },
    async empty() {
      await postgres.db.query('TRUNCATE tasks, jobs');
      await redis.redis.flushall();
    },
    async stop() {
      await stopSweeper();
      await publisher.close();
      await Promise.all([postgres.stop(), redis.stop()]);
    },
  };
}
