import {
  type Allowance,
  type Authentication,
  createEventStreams,
  createHttpApp,
  type DependencyCheck,
} from '@millrace/chassis/http';
import type { Lifecycle, Logger } from '@millrace/chassis/process';
import type { Postgres } from '@millrace/chassis/stores/postgres';
import { type Redis, redisCheck } from '@millrace/chassis/stores/redis';
import type { TraceReader } from '@millrace/chassis/traces';
import { createWorkLimiter } from '@millrace/chassis/work';
import type { Express } from 'express';
import { createAcceptJob } from './jobs/intake/accept-job.js';
import { type BacklogLimits, createBacklogGate } from './jobs/intake/backlog.js';
import { createAttemptSpans, withAttemptSpans } from './jobs/leases/attempt-spans.js';
import { createJobLeases, type LeaseOptions } from './jobs/leases/leases.js';
import { declareJobMetrics } from './jobs/job-metrics.js';
import type { JobPublisher } from './jobs/outbox/publisher.js';
import { createJobStore } from './jobs/job-store.js';
import { createJobWatcher } from './jobs/job-watcher.js';
import type { KeyStore } from './keys/key-store.js';
import { keyRoutes } from './keys/routes.js';
import { addRoutes } from './tasks/add-route.js';
import { homeRoutes } from './tasks/home-route.js';
import { jobEventRoutes } from './jobs/events-route.js';
import { jobIntakeRoutes } from './jobs/intake/route.js';
import { jobLeaseRoutes } from './jobs/leases/route.js';
import { jobRoutes } from './jobs/routes.js';
import { jobTraceRoutes } from './jobs/trace-route.js';
import { taskEventRoutes } from './tasks/events-route.js';
import { taskRoutes } from './tasks/routes.js';
import type { TaskHints } from './tasks/task-hints.js';
import { createTaskStore } from './tasks/task-store.js';

export interface Dependencies {
  pod: string;
  logger: Logger;
  lifecycle: Lifecycle;
  auth?: Authentication | undefined;
  allowance?: Allowance | undefined;
  postgres: Postgres;
  /** The connections for lists and searches. */
  lists: Postgres;
  /** Whether PostgreSQL can do this service's work. */
  postgresCheck: DependencyCheck;
  redis: Redis;
  publisher: JobPublisher;
  hints: TaskHints;
  /** Where traces can be read. Default: they are not shown. */
  traces?: TraceReader | undefined;
  /** Only with sign-in. */
  keys?: KeyStore | undefined;
  options: JobOptions;
}

export interface JobOptions extends LeaseOptions {
  /** How many times a job is started before it counts as failed. */
  maxAttempts: number;
  /** When the sweeper takes over a job that nobody has claimed. */
  sweepAfterMs: number;
  backlog: BacklogLimits;
  imageMaxBytes: number;
  /** How much memory images may take on their way to PostgreSQL. */
  memoryBudgetBytes: number;
  /** How many event streams may be open at once, in total */
  eventStreamLimit: number;
  /** and for one client address. */
  eventStreamLimitPerClient: number;
}

/** How many images may wait, unread, for memory. */
const INTAKE_QUEUE_LIMIT = 100;
/** How many searches may run at once: fewer than there are connections for lists, which are quicker. Further searches wait for a while. */
const SEARCHES = 2;
const SEARCH_QUEUE_LIMIT = 100;

export function createApp(dependencies: Dependencies): Express {
  const { postgres, lists, postgresCheck, redis, publisher, hints, keys, traces, options, ...basics } =
    dependencies;
  const { pod, logger, lifecycle } = basics;
  declareJobMetrics(lists);
  const jobs = createJobStore(postgres, { ...options, lists, hints });
  const searches = createWorkLimiter({
    name: 'searches',
    concurrency: SEARCHES,
    queueLimit: SEARCH_QUEUE_LIMIT,
    clientShare: 1 / SEARCHES,
    draining: lifecycle.draining,
  });
  const streams = createEventStreams({
    lifecycle,
    limit: options.eventStreamLimit,
    limitPerClient: options.eventStreamLimitPerClient,
  });
  const acceptJob = createAcceptJob({
    ...options,
    db: postgres,
    assertRoom: createBacklogGate(postgres, options.backlog),
    publisher,
    hints,
    logger,
  });
  return createHttpApp({
    ...basics,
    service: 'task-api',
    checks: [postgresCheck, redisCheck(redis)],
    routes: [
      homeRoutes(pod),
      addRoutes(acceptJob, pod),
      jobIntakeRoutes(acceptJob, {
        imageMaxBytes: options.imageMaxBytes,
        memory: createWorkLimiter({
          name: 'job_images',
          unit: 'bytes',
          concurrency: options.memoryBudgetBytes,
          queueLimit: INTAKE_QUEUE_LIMIT,
          clientShare: 1 / 2,
          draining: lifecycle.draining,
        }),
      }),
      ...(keys ? [keyRoutes(keys, logger)] : []),
      taskEventRoutes(hints, streams),
      taskRoutes(createTaskStore(postgres, { lists, searches, hints })),
      jobEventRoutes({ jobs, watcher: createJobWatcher({ db: postgres, jobs, logger }), streams }),
      jobRoutes({ jobs, publisher, logger }),
      ...(traces ? [jobTraceRoutes(jobs, traces)] : []),
      jobLeaseRoutes(
        withAttemptSpans(
          createJobLeases(postgres, { ...options, hints }),
          createAttemptSpans(postgres, logger),
        ),
      ),
    ],
  });
}
