import type { Logger } from '@millrace/chassis';
import type { ClaimedJob } from '@millrace/contracts';
import type { JobBoard } from './job-board.js';

export interface Lease {
  /** Aborts when another attempt has taken over, or the job was cancelled: the work no longer counts. */
  lost: AbortSignal;
  release(): void;
}

/** Renews a job's lease three times in its length, until it is released or lost. */
export function holdLease(job: ClaimedJob, board: JobBoard, logger: Logger): Lease {
  const lost = new AbortController();
  const renew = async () => {
    try {
      if (!(await board.renew(job))) lost.abort(new Error('the lease was lost'));
    } catch (error) {
      // The lease may well outlast a fault of task-api; completing will tell.
      logger.warn({ err: error, job_id: job.id }, 'cannot renew the lease right now');
    }
  };
  const timer = setInterval(() => void renew(), job.lease_ms / 3);
  return { lost: lost.signal, release: () => clearInterval(timer) };
}
