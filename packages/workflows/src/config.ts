import { createServiceClient } from '@millrace/chassis/calls';
import {
  positiveInteger,
  redisUrl,
  serviceConfig,
  type ServiceTls,
  urlList,
} from '@millrace/chassis/process';
import type { z } from 'zod';

/** What every service that runs these workflows reads from its environment. */
export const workflowConfig = serviceConfig.extend({
  REDIS_URL: redisUrl,
  TASK_API_URLS: urlList,
  TEXT_WORKER_URLS: urlList,
  BLUR_WORKER_URLS: urlList,
  BW_WORKER_URLS: urlList,
  /**
   * How much memory images may take, in bytes: a third for incoming images, two thirds for what workers make of them. Memory is claimed
   * before it is used, and requests wait until there is enough. One client may have half.
   */
  MEMORY_BUDGET_BYTES: positiveInteger.default(400 * 1024 * 1024),
  /** How long a finished image is kept, unless room is needed for others before. */
  IMAGE_TTL_SECONDS: positiveInteger.default(86_400),
});

/** Clients of the services that the workflows call. @param tls default: as the URLs say */
export function createWorkflowServices(config: z.infer<typeof workflowConfig>, tls?: ServiceTls) {
  const common = { token: config.SERVICE_TOKEN, tls };
  return {
    taskApi: createServiceClient({ name: 'task-api', urls: config.TASK_API_URLS, ...common }),
    textWorker: createServiceClient({ name: 'text-worker', urls: config.TEXT_WORKER_URLS, ...common }),
    blurWorker: createServiceClient({ name: 'blur-worker', urls: config.BLUR_WORKER_URLS, ...common }),
    bwWorker: createServiceClient({ name: 'bw-worker', urls: config.BW_WORKER_URLS, ...common }),
  };
}
