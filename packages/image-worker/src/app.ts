import { createHttpApp, createWorkLimiter, type Lifecycle, type Logger } from '@millrace/chassis';
import type { Express } from 'express';
import type { z } from 'zod';
import type { imageWorkerConfig } from './config.js';
import type { Effect } from './pipeline.js';
import { processRoutes } from './route.js';

type Limits = Pick<
  z.infer<typeof imageWorkerConfig>,
  'IMAGE_MAX_PIXELS' | 'IMAGE_MAX_BYTES' | 'WORK_CONCURRENCY' | 'WORK_QUEUE_LIMIT'
>;

export interface ImageWorkerOptions {
  service: string;
  pod: string;
  logger: Logger;
  lifecycle: Lifecycle;
  limits: Limits;
  effect: Effect;
  /** An artificial delay in ms, spent while the image holds its place. Default 0. */
  delayMs?: number;
}

/** An image worker: everything but its effect. */
export function createImageWorkerApp({
  limits,
  effect,
  delayMs = 0,
  ...options
}: ImageWorkerOptions): Express {
  const limiter = createWorkLimiter({
    concurrency: limits.WORK_CONCURRENCY,
    queueLimit: limits.WORK_QUEUE_LIMIT,
    draining: options.lifecycle.draining,
  });
  const routes = processRoutes({
    effect,
    limiter,
    maxPixels: limits.IMAGE_MAX_PIXELS,
    maxBytes: limits.IMAGE_MAX_BYTES,
    delayMs,
  });
  return createHttpApp({ ...options, routes: [routes], continueByRoutes: true });
}
