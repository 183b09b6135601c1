import { type Authentication, createHttpApp } from '@millrace/chassis/http';
import type { Lifecycle, Logger } from '@millrace/chassis/process';
import { createWorkLimiter } from '@millrace/chassis/work';
import type { Express } from 'express';
import type { z } from 'zod';
import type { imageWorkerConfig } from './config.js';
import type { ImageOperation } from './pipeline.js';
import { processRoutes } from './route.js';

type Limits = Pick<
  z.infer<typeof imageWorkerConfig>,
  'IMAGE_MAX_PIXELS' | 'WORK_MAX_BYTES' | 'WORK_CONCURRENCY' | 'WORK_QUEUE_LIMIT'
>;

export interface ImageWorkerOptions {
  service: string;
  pod: string;
  logger: Logger;
  lifecycle: Lifecycle;
  auth?: Authentication | undefined;
  limits: Limits;
  operation: ImageOperation;
  /** An artificial delay in ms, during which the image keeps its place. Default 0. */
  delayMs?: number;
}

/** A twentieth of one place: what people wait for is not slowed down by work that takes seconds, or that nobody waits for. */
const BACKGROUND_TIME = 0.05;

/** An image worker: everything except what it does to an image. */
export function createImageWorkerApp({
  limits,
  operation,
  delayMs = 0,
  ...options
}: ImageWorkerOptions): Express {
  const limiter = createWorkLimiter({
    name: 'images',
    concurrency: limits.WORK_CONCURRENCY,
    queueLimit: limits.WORK_QUEUE_LIMIT,
    clientShare: 1 / 4,
    backgroundShare: 1 / 4,
    backgroundTime: BACKGROUND_TIME,
    draining: options.lifecycle.draining,
  });
  const routes = processRoutes({
    operation,
    limiter,
    maxPixels: limits.IMAGE_MAX_PIXELS,
    maxBytes: limits.WORK_MAX_BYTES,
    delayMs,
    logger: options.logger,
  });
  return createHttpApp({ ...options, routes: [routes], continueByRoutes: true });
}
