import type { Logger } from '@millrace/chassis';
import type { Job } from '@millrace/contracts';
import type { JobStore } from './job-store.js';

/** Tells about changes of single jobs. */
export interface JobWatcher {
  /** Calls back whenever the job looks different from `job`, and from then on. @returns a function that ends this */
  watch(job: Job, onChange: (job: Job) => void): () => void;
}

/** What a watcher sees of a job, as one word: equal when nothing has changed. */
export function revisionOf(job: Job): string {
  return `${job.status}.${job.attempts.length}.${job.progress.done}`;
}

const POLL_EVERY_MS = 250;

/**
 * Asks PostgreSQL four times a second for all jobs that anybody watches here, in one query, and not at all when nobody
 * does. So it does not matter which replica changes a job, and the ones that do pay nothing for it.
 */
export function createJobWatcher(jobs: JobStore, logger: Logger): JobWatcher {
  const watches = new Map<symbol, { id: string; revision: string; onChange: (job: Job) => void }>();
  let timer: NodeJS.Timeout | undefined;

  const poll = async () => {
    try {
      const current = await jobs.findAll([...new Set([...watches.values()].map(({ id }) => id))]);
      const byId = new Map(current.map((job) => [job.id, job]));
      for (const watch of watches.values()) {
        const job = byId.get(watch.id);
        if (!job || revisionOf(job) === watch.revision) continue;
        watch.revision = revisionOf(job);
        watch.onChange(job);
      }
    } catch (error) {
      logger.warn({ err: error }, 'cannot look after watched jobs right now');
    }
    timer = watches.size > 0 ? setTimeout(() => void poll(), POLL_EVERY_MS) : undefined;
  };

  return {
    watch(job, onChange) {
      const key = Symbol(job.id);
      watches.set(key, { id: job.id, revision: revisionOf(job), onChange });
      timer ??= setTimeout(() => void poll(), POLL_EVERY_MS);
      return () => watches.delete(key);
    },
  };
}
