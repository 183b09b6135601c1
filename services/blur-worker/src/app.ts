import { createImageWorkerApp, type ImageWorkerOptions } from '@millrace/image-worker';
import type { Express } from 'express';
import { gaussianBlur } from './gaussian-blur.js';

export interface Dependencies extends Pick<
  ImageWorkerOptions,
  'pod' | 'logger' | 'lifecycle' | 'auth' | 'limits'
> {
  /** The standard deviation of the Gaussian, in pixels. */
  sigma: number;
  /** Added to each image, in ms. */
  delayMs: number;
}

export function createApp({ sigma, ...dependencies }: Dependencies): Express {
  return createImageWorkerApp({ ...dependencies, service: 'blur-worker', operation: gaussianBlur(sigma) });
}
