import { randomUUID } from 'node:crypto';
import { BrokenByInput } from '@millrace/chassis/calls';
import { HttpProblem, Unavailable } from '@millrace/chassis/http';
import { type Logger, withContext, withSignal } from '@millrace/chassis/process';
import {
  failSpan,
  inSpan,
  outsideOfTraces,
  type Span,
  type SpanDescription,
} from '@millrace/chassis/telemetry';
import { retryForever } from '@millrace/chassis/work';
import type { ClaimedJob, ClaimedJobs } from '@millrace/contracts';
import { holdLease } from './hold-lease.js';
import type { Failure, JobBoard } from './job-board.js';
import type { PerformJob } from './perform-job.js';

export interface Shutdown {
  /** Aborts when nothing new may begin; running work continues. */
  begun: AbortSignal;
  /** Aborts when the process must end, whatever is still running. */
  over: AbortSignal;
}

export interface ProcessorOptions {
  board: JobBoard;
  logger: Logger;
  perform: PerformJob;
}

/**
 * Claims jobs, does them and reports on them. A job may come twice or late (delivery is at least once); the claim decides whether there is
 * still something to do, and the attempt number decides whose work counts.
 *
 * While task-api is away, it waits to claim until a shutdown begins, and to report for one more lease; then the job is left to the sweeper.
 */
export interface JobProcessor {
  /** Jobs with nothing to do are left out. @throws when a shutdown begins before task-api responds */
  claim(ids: string[], shutdown: Shutdown): Promise<ClaimedJobs>;
  /** Never rejects. */
  work(job: ClaimedJob, shutdown: Shutdown): Promise<void>;
}

export function createJobProcessor({ board, logger, perform }: ProcessorOptions): JobProcessor {
  const insist = <T>(call: () => Promise<T>, signal: AbortSignal, details: object) =>
    retryForever(call, {
      signal,
      retryable: (error) => error instanceof Unavailable,
      onRetry: (error, delayMs) =>
        logger.warn({ ...details, err: error, retry_ms: delayMs }, 'waiting for task-api'),
    });

  async function doAndReport(job: ClaimedJob, { begun, over }: Shutdown, span?: Span): Promise<void> {
    // Not its content: a title is personal data.
    const details = { kind: job.kind, job_id: job.id, attempt: job.attempt };
    logger.info(details, 'Processing task');

    const lease = holdLease(job, { board, logger, over });
    /** @returns whether it counts; undefined when the report got no response until the job belonged to someone else */
    const report = (send: (signal: AbortSignal) => Promise<boolean>) =>
      untilLongAfter(begun, job.lease_ms, over, async (signal) => {
        try {
          return await insist(() => send(signal), signal, { job_id: job.id });
        } catch (error) {
          if (!signal.aborted) throw error;
          logger.warn({ ...details, err: error }, 'Task given up');
          return undefined;
        }
      });
    try {
      const result = await withSignal(lease.stop, () =>
        perform(job, {
          // A failed report is no reason to fail the work.
          onProgress: (progress) => board.renew(job, progress).catch(() => undefined),
        }),
      );
      const counts = await report((signal) => board.complete(job, result, signal));
      if (counts) logger.info(details, 'Completed task');
      if (counts === false) logger.warn(details, 'Completed too late: the work does not count');
    } catch (error) {
      failSpan(span, error);
      if (lease.stop.aborted) {
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

  return {
    async claim(ids, { begun, over }) {
      const claims = ids.map((id) => ({ id, claim: randomUUID() }));
      // A claim in flight is not cancelled: the jobs it gets would lie idle for the length of a lease.
      // Whose jobs they are is not known yet.
      const claimed = await outsideOfTraces(() =>
        insist(() => board.claim(claims, over), begun, { jobs: ids.length }),
      );
      const nothingToDo = ids.length - claimed.jobs.length - claimed.later.length;
      if (nothingToDo > 0) logger.debug({ jobs: nothingToDo }, 'nothing to do for these jobs');
      return claimed;
    },

    work(job, shutdown) {
      // All jobs take turns as one client: requests that somebody waits for come in between.
      const context = {
        requestId: job.request_id,
        traceparent: job.traceparent ?? undefined,
        client: 'jobs',
      };
      return withContext(context, () =>
        inSpan(describeJob, job, (span) => doAndReport(job, shutdown, span)).catch((error: unknown) => {
          logger.error({ err: error, job_id: job.id }, 'Task given up, the sweeper will publish it again');
        }),
      );
    },
  };
}

/** Runs `work` with a signal that aborts a certain time after `begun` has aborted, and when it is over. */
async function untilLongAfter<T>(
  begun: AbortSignal,
  delayMs: number,
  over: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const end = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const countDown = () => {
    timer = setTimeout(() => end.abort(begun.reason), delayMs);
  };
  const finish = () => end.abort(over.reason);
  if (begun.aborted) countDown();
  if (over.aborted) finish();
  begun.addEventListener('abort', countDown);
  over.addEventListener('abort', finish);
  try {
    return await work(end.signal);
  } finally {
    begun.removeEventListener('abort', countDown);
    over.removeEventListener('abort', finish);
    clearTimeout(timer);
  }
}

function describeJob({ id, kind, attempt }: ClaimedJob): SpanDescription {
  return {
    name: 'process jobs',
    kind: 'consumer',
    attributes: {
      'messaging.system': 'redis',
      'messaging.destination.name': 'jobs',
      'messaging.operation.type': 'process',
      'messaging.message.id': id,
      'millrace.job.kind': kind,
      'millrace.job.attempt': attempt,
    },
  };
}

/** What the job shows of an error: a problem's own words, and nothing internal. */
function failureOf(error: unknown): Failure {
  if (!(error instanceof HttpProblem)) {
    return { error: 'The worker failed on this job.', permanent: false, broke: false };
  }
  const broke = error instanceof BrokenByInput;
  // A refused input would be refused again.
  const permanent = !broke && error.status >= 400 && error.status < 500;
  return { error: error.message.slice(0, 2_000), permanent, broke };
}
