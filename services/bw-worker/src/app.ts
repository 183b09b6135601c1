import { createImageWorkerApp, type ImageWorkerOptions } from '@millrace/image-worker';
import type { Express } from 'express';
import { greyscale } from './greyscale.js';

export type Dependencies = Pick<ImageWorkerOptions, 'pod' | 'logger' | 'lifecycle' | 'auth' | 'limits'>;

export function createApp(dependencies: Dependencies): Express {
  return createImageWorkerApp({ ...dependencies, service: 'bw-worker', operation: greyscale });
}
