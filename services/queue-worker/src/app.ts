import { createHttpApp, type Lifecycle, type Logger } from '@millrace/chassis';
import { type Redis, redisCheck } from '@millrace/chassis/redis';
import type { Express } from 'express';

export interface Dependencies {
  pod: string;
  logger: Logger;
  lifecycle: Lifecycle;
  redis: Redis;
}

/** Probes and metrics only: the work comes from the queue. */
export function createApp({ redis, ...basics }: Dependencies): Express {
  return createHttpApp({ ...basics, service: 'queue-worker', checks: [redisCheck(redis)], routes: [] });
}
