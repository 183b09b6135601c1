import type { ServiceClient } from '@millrace/chassis/calls';
import { type Authentication, createHttpApp, type DependencyCheck } from '@millrace/chassis/http';
import type { Lifecycle, Logger } from '@millrace/chassis/process';
import { type Redis, redisCheck } from '@millrace/chassis/stores/redis';
import type { Express } from 'express';
import type { Consumer } from './consumer.js';

export interface Dependencies {
  pod: string;
  logger: Logger;
  lifecycle: Lifecycle;
  auth?: Authentication | undefined;
  redis: Redis;
  taskApi: ServiceClient;
  consumer: Pick<Consumer, 'check'>;
}

/** Probes and metrics only: the work comes from the queue. It is healthy when it could take a job, do it and report on it. */
export function createApp({ redis, taskApi, consumer, ...basics }: Dependencies): Express {
  const checks = [redisCheck(redis), { name: 'queue', check: consumer.check }, reaches(taskApi)];
  return createHttpApp({ ...basics, service: 'queue-worker', checks, routes: [] });
}

const REACH_TIMEOUT_MS = 1_500;

/** Whether any replica is there and accepts requests. How well they work is for their own health checks to say. */
function reaches(service: ServiceClient): DependencyCheck {
  const request = { method: 'GET', path: '/readyz', timeoutMs: REACH_TIMEOUT_MS } as const;
  return { name: service.name, check: () => service.request(request) };
}
