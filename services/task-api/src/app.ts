import { createHttpApp, type DependencyCheck, type Lifecycle, type Logger } from '@millrace/chassis';
import type { Postgres } from '@millrace/chassis/postgres';
import { type Redis, redisCheck } from '@millrace/chassis/redis';
import type { Express } from 'express';
import { createAcceptJob } from './accept-job.js';
import { type BacklogLimits, createBacklogGate } from './backlog.js';
import { hintChanges } from './hint-changes.js';
import { createJobLeases, type LeaseOptions } from './job-leases.js';
import type { JobPublisher } from './job-publisher.js';
import { createJobStore } from './job-store.js';
import { createJobWatcher } from './job-watcher.js';
import { addRoutes } from './routes/add.js';
import { homeRoutes } from './routes/home.js';
import { jobEventRoutes } from './routes/job-events.js';
import { jobIntakeRoutes } from './routes/job-intake.js';
import { jobLeaseRoutes } from './routes/job-leases.js';
import { jobRoutes } from './routes/jobs.js';
import { taskEventRoutes } from './routes/task-events.js';
import { taskRoutes } from './routes/tasks.js';
import type { TaskHints } from './task-hints.js';
import { createTaskStore } from './task-store.js';

export interface Dependencies {
  pod: string;
  logger: Logger;
  lifecycle: Lifecycle;
  postgres: Postgres;
  /** Whether PostgreSQL can do this service's work. */
  postgresCheck: DependencyCheck;
  redis: Redis;
  publisher: JobPublisher;
  hints: TaskHints;
  options: JobOptions;
}

export interface JobOptions extends LeaseOptions {
  /** How often a job is begun before it counts as failed. */
  maxAttempts: number;
  /** When the sweeper takes over a job that nobody has claimed. */
  sweepAfterMs: number;
  backlog: BacklogLimits;
  imageMaxBytes: number;
  /** How many streams of task events may be open at once. */
  eventStreamLimit: number;
}

export function createApp(dependencies: Dependencies): Express {
  const { postgres, postgresCheck, redis, publisher, hints, options, ...basics } = dependencies;
  const { pod, logger, lifecycle } = basics;
  const jobs = createJobStore(postgres, options);
  const acceptJob = createAcceptJob({
    ...options,
    db: postgres,
    assertRoom: createBacklogGate(postgres, options.backlog),
    publisher,
    logger,
  });
  return createHttpApp({
    ...basics,
    service: 'task-api',
    checks: [postgresCheck, redisCheck(redis)],
    routes: [
      hintChanges(hints),
      homeRoutes(pod),
      addRoutes(acceptJob, pod),
      taskEventRoutes({ hints, lifecycle, streamLimit: options.eventStreamLimit }),
      taskRoutes(createTaskStore(postgres)),
      jobEventRoutes({ jobs, watcher: createJobWatcher(jobs, logger), lifecycle }),
      jobRoutes({ jobs, publisher, logger }),
      jobIntakeRoutes(acceptJob, options.imageMaxBytes),
      jobLeaseRoutes(createJobLeases(postgres, options)),
    ],
  });
}
