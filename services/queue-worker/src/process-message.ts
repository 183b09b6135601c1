import { randomUUID } from 'node:crypto';
import { HttpProblem, type Logger, retryForever, Unavailable } from '@millrace/chassis';
import type { ClaimedJob, JobMessage } from '@millrace/contracts';
import { holdLease } from './hold-lease.js';
import type { JobBoard } from './job-board.js';
import type { PerformJob } from './perform-job.js';

export interface ProcessorOptions {
  board: JobBoard;
  logger: Logger;
  perform: PerformJob;
}

/**
 * One message of the queue: claim the job, do it, report. A message may come twice or late (delivery is at least once);
 * the claim decides whether there is still something to do, and the attempt number whose work counts.
 *
 * @param giveUp aborts when waiting for task-api must end; the job is then left to the sweeper
 */
export async function processMessage(
  { jobId }: JobMessage,
  { board, logger, perform }: ProcessorOptions,
  giveUp: AbortSignal,
): Promise<void> {
  const insist = <T>(call: () => Promise<T>) =>
    retryForever(call, {
      signal: giveUp,
      retryable: (error) => error instanceof Unavailable,
      onRetry: (error, delayMs) =>
        logger.warn({ err: error, job_id: jobId, retry_ms: delayMs }, 'waiting for task-api'),
    });

  const claim = randomUUID();
  const job = await insist(() => board.claim(jobId, claim));
  if (!job) {
    logger.debug({ job_id: jobId }, 'nothing to do for this message');
    return;
  }
  const details = { task: nameOf(job), job_id: job.id, attempt: job.attempt };
  logger.info(details, 'Processing task');

  const lease = holdLease(job, board, logger);
  try {
    const result = await perform(job, {
      signal: AbortSignal.any([lease.lost, giveUp]),
      // A report that fails is no reason to fail the work.
      onProgress: (progress) => board.renew(job, progress).catch(() => undefined),
    });
    const counts = await insist(() => board.complete(job, result));
    if (counts) logger.info(details, 'Completed task');
    else logger.warn(details, 'Completed too late: the work does not count');
  } catch (error) {
    if (lease.lost.aborted || giveUp.aborted) {
      logger.warn({ ...details, err: error }, 'Task given up');
      return;
    }
    const failure = failureOf(error);
    // A refused input is no fault of ours: no error, and no stack.
    if (failure.permanent) logger.warn({ ...details, error: failure.error }, 'Task failed');
    else logger.error({ ...details, err: error }, 'Task failed');
    await insist(() => board.fail(job, failure));
  } finally {
    lease.release();
  }
}

/** What a person calls the job: a task by its title, the others by their kind. */
function nameOf(job: ClaimedJob): string {
  return job.kind === 'task' ? job.payload.task : job.kind;
}

/** What the job shows of an error: a problem's own words, and nothing internal. */
function failureOf(error: unknown): { error: string; permanent: boolean } {
  if (!(error instanceof HttpProblem)) return { error: 'The worker failed on this job.', permanent: false };
  // A refused input will be refused again.
  const permanent = error.status >= 400 && error.status < 500;
  return { error: error.message.slice(0, 2_000), permanent };
}
