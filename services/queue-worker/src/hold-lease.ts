import { setMaxListeners } from 'node:events';
import type { Logger } from '@millrace/chassis/process';
import type { ClaimedJob } from '@millrace/contracts';
import type { JobBoard } from './job-board.js';

export interface Lease {
  /** Aborts when another attempt has taken over or the job was cancelled, so that the work no longer counts; and when the lease is released. */
  stop: AbortSignal;
  release(): void;
}

export interface LeaseOptions {
  board: Pick<JobBoard, 'renew'>;
  logger: Logger;
  /** Aborts when the process must end. */
  over: AbortSignal;
}

/** Renews a job's lease three times per lease, until it is released or lost. Leases that were claimed together are renewed together. */
export function holdLease(job: ClaimedJob, { board, logger, over }: LeaseOptions): Lease {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const end = () => stop.abort(over.reason);
  if (over.aborted) end();
  over.addEventListener('abort', end);
  const renew = async () => {
    try {
      if (!(await board.renew(job))) stop.abort(new Error('the lease was lost'));
    } catch (error) {
      // The lease may well outlast a failure of task-api; completing the job will tell.
      logger.warn({ err: error, job_id: job.id }, 'cannot renew the lease right now');
    }
  };
  const timer = setInterval(() => void renew(), job.lease_ms / 3);
  return {
    stop: stop.signal,
    release() {
      clearInterval(timer);
      over.removeEventListener('abort', end);
    },
  };
}
