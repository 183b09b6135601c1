import type { Express } from 'express';
import { createApp, type Dependencies, type JobOptions } from '../../services/task-api/src/app.js';
import { createListPool } from '../../services/task-api/src/lists/list-pool.js';
import { createMainPool } from '../../services/task-api/src/main-pool.js';
import { createJobPublisher, type DueJob } from '../../services/task-api/src/jobs/outbox/publisher.js';
import { createSweeper, startSweeper } from '../../services/task-api/src/jobs/outbox/sweeper.js';
import { createTaskHints } from '../../services/task-api/src/tasks/task-hints.js';

import type { RedisOptions } from '../../local/servers/redis.js';
import { eventually } from './eventually.js';
import { startTestPostgres, type TestPostgres } from './postgres.js';
import { startTestRedis, type TestRedis } from './redis.js';
import { basics, silentLogger } from './service-basics.js';

type OwnDependencies = Omit<Partial<Dependencies>, 'options'> & { options?: Partial<JobOptions> };

/** task-api, assembled like in its `main.ts`, with its own servers. */
export interface TestTaskApi {
  app: Express;
  /** Another replica on the same servers, with what is its own. */
  createApp(own?: OwnDependencies): Express;
  postgres: TestPostgres;
  redis: TestRedis;
  /** Runs the sweeper until the end of the test file. @param intervalMs default 50 */
  keepSweeping(intervalMs?: number): void;
  /** Sweeps once. @returns the ids of the jobs that it would publish */
  sweepOnce(): Promise<string[]>;
  /** Sweeps once, for real. */
  sweepToRedis(): Promise<unknown>;
  /** Removes all tasks and jobs, and everything in Redis. */
  empty(): Promise<void>;
  stop(): Promise<void>;
}

/** A task-api for all tests of a file, empty at the beginning of each. @param options as of `startTaskApi` */
export function useTaskApi(options?: Partial<JobOptions>): TestTaskApi {
  const taskApi = {} as TestTaskApi;
  beforeAll(async () => {
    Object.assign(taskApi, await startTaskApi(options));
  });
  beforeEach(() => taskApi.empty());
  afterAll(() => taskApi.stop());
  return taskApi;
}

/**
 * @param options defaults: a lease of 30 s, 3 attempts, and sweeper intervals that suit a test
 * @param servers options for its servers, where they matter
 */
export async function startTaskApi(
  options: Partial<JobOptions> = {},
  servers: { postgresDataDir?: string; redis?: RedisOptions } = {},
): Promise<TestTaskApi> {
  const [postgres, redis] = await Promise.all([
    startTestPostgres('task-api', servers.postgresDataDir),
    startTestRedis(servers.redis),
  ]);
  const main = createMainPool(postgres.config, silentLogger());
  const lists = createListPool({ ...postgres.config, POSTGRES_LIST_POOL_SIZE: 4 }, silentLogger());
  const connection = await redis.connectAs('task_api');
  const publisher = createJobPublisher(connection);
  const hints = createTaskHints(connection, silentLogger(), { pauseMs: 100 });
  const makeApp = ({ options: ownOptions, ...own }: OwnDependencies = {}) =>
    createApp({
      ...basics('task-api-test'),
      postgres: main,
      lists,
      postgresCheck: postgres.check,
      redis: connection,
      publisher,
      hints,
      options: {
        leaseMs: 30_000,
        backoffMs: 1_000,
        maxAttempts: 3,
        sweepAfterMs: 300,
        backlog: { jobs: 100_000, images: 500, bytes: 1024 ** 3, scheduled: 10_000 },
        imageMaxBytes: 20 * 1024 * 1024,
        memoryBudgetBytes: 256 * 1024 * 1024,
        eventStreamLimit: 10,
        eventStreamLimitPerClient: 100,
        ...options,
        ...ownOptions,
      },
      ...own,
    });
  const due = { db: main, hints, republishAfterMs: 300, logger: silentLogger() };
  const sweeper = createSweeper({ ...due, publisher });
  let stopSweeper = () => Promise.resolve();
  return {
    app: makeApp(),
    createApp: makeApp,
    postgres,
    redis,
    keepSweeping(intervalMs = 50) {
      stopSweeper = startSweeper({ ...due, publisher, intervalMs });
    },
    sweepToRedis: () => sweeper.sweep(),
    async sweepOnce() {
      const messages: string[] = [];
      const publish = (jobs: DueJob[]) => {
        messages.push(...jobs.map(({ id }) => id));
        return Promise.resolve();
      };
      const hasLostMessages = () => Promise.resolve(false);
      await createSweeper({ ...due, publisher: { publish, hasLostMessages } }).sweep();
      return messages;
    },
    async empty() {
      // A concurrent sweep may lock the tables in a different order: PostgreSQL then rolls back one of the two.
      await eventually(() =>
        postgres.own('TRUNCATE tasks, jobs, job_inputs, job_attempts, idempotency_keys, api_keys'),
      );
      // The previous test may have cut the link.
      await eventually(() => redis.redis.flushall());
    },
    async stop() {
      await stopSweeper();
      hints.close();
      await Promise.all([main.end(), lists.end()]).catch(() => undefined);
      await Promise.all([postgres.stop(), redis.stop()]);
    },
  };
}
