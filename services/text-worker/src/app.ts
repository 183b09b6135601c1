import { type Authentication, createHttpApp } from '@millrace/chassis/http';
import type { Lifecycle, Logger } from '@millrace/chassis/process';
import type { Express } from 'express';
import { processRoutes } from './route.js';

export interface Dependencies {
  pod: string;
  logger: Logger;
  lifecycle: Lifecycle;
  auth?: Authentication | undefined;
}

export function createApp(dependencies: Dependencies): Express {
  return createHttpApp({ ...dependencies, service: 'text-worker', routes: [processRoutes()] });
}
