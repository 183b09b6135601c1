import { currentContext, type Logger } from '@millrace/chassis';
import type { QueuedTask, QueueTask } from '@millrace/contracts';
import type { JobPublisher } from './job-publisher.js';
import type { JobStore } from './job-store.js';

/** Accepts a task for the queue. */
export type TaskQueue = (task: QueueTask) => Promise<Omit<QueuedTask, 'processed_by_pod'>>;

/**
 * Once this returns, the task will be done: it and its job are committed. Publishing is a matter of speed only, as the
 * sweeper publishes what Redis did not take.
 */
export function createTaskQueue(options: {
  jobs: JobStore;
  publisher: JobPublisher;
  logger: Logger;
}): TaskQueue {
  const { jobs, publisher, logger } = options;
  return async (task) => {
    const job = await jobs.queueTask(task, currentContext() ?? { requestId: '' });
    publisher.publish([job]).catch((error: unknown) => {
      logger.warn({ err: error, job_id: job.id }, 'not published yet, the sweeper will do it');
    });
    return { id: job.id, task: task.task, status: 'queued', status_url: `/api/jobs/${job.id}` };
  };
}
