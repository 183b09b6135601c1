export { createImageWorkerApp, type ImageWorkerOptions } from './app.js';
export { imageWorkerConfig } from './config.js';
export type { ImageOperation } from './pipeline.js';
