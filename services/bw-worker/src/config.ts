import { imageWorkerConfig } from '@millrace/image-worker';

export const configSchema = imageWorkerConfig;
