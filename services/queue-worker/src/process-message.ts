import { type Logger, retryForever, Unavailable } from '@millrace/chassis';
import type { ClaimedJob, JobMessage } from '@millrace/contracts';
import type { JobBoard } from './job-board.js';

export interface ProcessorOptions {
  board: JobBoard;
  logger: Logger;
  /** Does the job's work. What it rejects with becomes the job's `error`. */
  perform: (job: ClaimedJob) => Promise<unknown>;
  /** Aborts when waiting for task-api must end; the job is then left to the sweeper. */
  signal: AbortSignal;
}

/**
 * One message of the queue: claim the job, do it, report. A message may come twice or late (delivery is at least once);
 * the claim decides whether there is still something to do, and the attempt number whose work counts.
 */
export async function processMessage({ jobId }: JobMessage, options: ProcessorOptions): Promise<void> {
  const { board, logger, perform, signal } = options;
  const insist = <T>(call: () => Promise<T>) =>
    retryForever(call, {
      signal,
      retryable: (error) => error instanceof Unavailable,
      onRetry: (error, delayMs) =>
        logger.warn({ err: error, job_id: jobId, retry_ms: delayMs }, 'waiting for task-api'),
    });

  const job = await insist(() => board.claim(jobId));
  if (!job) {
    logger.debug({ job_id: jobId }, 'nothing to do for this message');
    return;
  }
  const details = { task: job.payload.task, job_id: job.id, attempt: job.attempt };

  let result: unknown;
  try {
    result = await perform(job);
  } catch (error) {
    logger.error({ ...details, err: error }, 'Task failed');
    const message = error instanceof Error ? error.message : String(error);
    await insist(() => board.fail(job, message.slice(0, 2_000)));
    return;
  }
  const counted = await insist(() => board.complete(job, result));
  if (counted) logger.info(details, 'Completed task');
  else logger.warn(details, 'Completed too late: another attempt has taken over');
}
