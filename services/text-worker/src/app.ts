import { createHttpApp, type Lifecycle, type Logger } from '@millrace/chassis';
import type { Express } from 'express';
import { processRoutes } from './routes/process.js';

export interface Dependencies {
  pod: string;
  logger: Logger;
  lifecycle: Lifecycle;
}

export function createApp(dependencies: Dependencies): Express {
  return createHttpApp({ ...dependencies, service: 'text-worker', routes: [processRoutes()] });
}
