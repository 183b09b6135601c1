import { randomUUID } from 'node:crypto';
import { HttpProblem, type Logger, retryForever, Unavailable, withSignal } from '@millrace/chassis';
import { BrokenByInput } from '@millrace/chassis/service-client';
import type { ClaimedJob, JobMessage } from '@millrace/contracts';
import type { Shutdown } from './consumer.js';
import { holdLease } from './hold-lease.js';
import type { Failure, JobBoard } from './job-board.js';
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
 * While task-api is away, it waits to claim until a shutdown begins, and to report for the length of a lease more; the job is then
 * left to the sweeper.
 */
export async function processMessage(
  { jobId }: JobMessage,
  { board, logger, perform }: ProcessorOptions,
  { begun, over }: Shutdown,
): Promise<void> {
  const insist = <T>(call: () => Promise<T>, signal: AbortSignal) =>
    retryForever(call, {
      signal,
      retryable: (error) => error instanceof Unavailable,
      onRetry: (error, delayMs) =>
        logger.warn({ err: error, job_id: jobId, retry_ms: delayMs }, 'waiting for task-api'),
    });

  const claim = randomUUID();
  // A claim that is on its way is not broken off: what it gets would lie idle for the length of a lease.
  const job = await insist(() => board.claim(jobId, claim, over), begun);
  if (!job) {
    logger.debug({ job_id: jobId }, 'nothing to do for this message');
    return;
  }
  const details = { task: nameOf(job), job_id: job.id, attempt: job.attempt };
  logger.info(details, 'Processing task');

  const lease = holdLease(job, board, logger);
  const stop = AbortSignal.any([lease.lost, over]);
  /** @returns whether it counts; undefined when nobody heard of it until the job was another's */
  const report = (send: (signal: AbortSignal) => Promise<boolean>) =>
    untilLongAfter(begun, job.lease_ms, async (late) => {
      const signal = AbortSignal.any([over, late]);
      try {
        return await insist(() => send(signal), signal);
      } catch (error) {
        if (!signal.aborted) throw error;
        logger.warn({ ...details, err: error }, 'Task given up');
        return undefined;
      }
    });
  try {
    const result = await withSignal(stop, () =>
      perform(job, {
        // A report that fails is no reason to fail the work.
        onProgress: (progress) => board.renew(job, progress).catch(() => undefined),
      }),
    );
    const counts = await report((signal) => board.complete(job, result, signal));
    if (counts) logger.info(details, 'Completed task');
    if (counts === false) logger.warn(details, 'Completed too late: the work does not count');
  } catch (error) {
    if (stop.aborted) {
      logger.warn({ ...details, err: error }, 'Task given up');
      return;
    }
    const failure = failureOf(error);
    if (failure.permanent) logger.info({ ...details, reason: failure.error }, 'Task refused');
    else
      logger[error instanceof Unavailable || failure.broke ? 'warn' : 'error'](
        { ...details, err: error },
        'Task failed',
      );
    await report((signal) => board.fail(job, failure, signal));
  } finally {
    lease.release();
  }
}

/** Runs `work` with a signal that aborts when `begun` has been aborted for so long. */
async function untilLongAfter<T>(
  begun: AbortSignal,
  delayMs: number,
  work: (late: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const countDown = () => {
    timer = setTimeout(() => late.abort(begun.reason), delayMs);
  };
  if (begun.aborted) countDown();
  else begun.addEventListener('abort', countDown);
  try {
    return await work(late.signal);
  } finally {
    begun.removeEventListener('abort', countDown);
    clearTimeout(timer);
  }
}

/** What a person calls the job: a task by its title, the others by their kind. */
function nameOf(job: ClaimedJob): string {
  return job.kind === 'task' ? job.payload.task : job.kind;
}

/** What the job shows of an error: a problem's own words, and nothing internal. */
function failureOf(error: unknown): Failure {
  if (!(error instanceof HttpProblem)) {
    return { error: 'The worker failed on this job.', permanent: false, broke: false };
  }
  const broke = error instanceof BrokenByInput;
  // A refused input will be refused again.
  const permanent = !broke && error.status >= 400 && error.status < 500;
  return { error: error.message.slice(0, 2_000), permanent, broke };
}
