import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@millrace/chassis';
import type { ClaimedJob } from '@millrace/contracts';

/** Does a queued task. Put your own work here. @returns what GET /api/jobs/:id shows as `result` */
export async function performTask(
  job: ClaimedJob,
  { logger, delayMs }: { logger: Logger; delayMs: number },
): Promise<{ task: string }> {
  const { task } = job.payload;
  logger.info({ task, job_id: job.id, attempt: job.attempt }, 'Processing task');
  await sleep(delayMs);
  return { task };
}
