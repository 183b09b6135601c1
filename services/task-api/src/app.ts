import { createHttpApp, type Lifecycle, type Logger } from '@millrace/chassis';
import type { Postgres } from '@millrace/chassis/postgres';
import { type Redis, redisCheck } from '@millrace/chassis/redis';
import type { Express } from 'express';
import type { JobPublisher } from './job-publisher.js';
import type { JobStore } from './job-store.js';
import { createTaskQueue } from './queue-task.js';
import { addRoutes } from './routes/add.js';
import { homeRoutes } from './routes/home.js';
import { internalJobRoutes } from './routes/internal-jobs.js';
import { jobRoutes } from './routes/jobs.js';
import { taskRoutes } from './routes/tasks.js';
import { createTaskStore } from './task-store.js';

export interface Dependencies {
  pod: string;
  logger: Logger;
  lifecycle: Lifecycle;
  postgres: Postgres;
  redis: Redis;
  jobs: JobStore;
  publisher: JobPublisher;
}

export function createApp({ postgres, redis, jobs, publisher, ...basics }: Dependencies): Express {
  const queueTask = createTaskQueue({ jobs, publisher, logger: basics.logger });
  return createHttpApp({
    ...basics,
    service: 'task-api',
    checks: [postgres, redisCheck(redis)],
    routes: [
      homeRoutes(basics.pod),
      addRoutes(queueTask, basics.pod),
      taskRoutes(createTaskStore(postgres)),
      jobRoutes(jobs),
      internalJobRoutes(jobs),
    ],
  });
}
