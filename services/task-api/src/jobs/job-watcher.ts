import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from '@millrace/chassis/process';
import type { Queryable } from '@millrace/chassis/stores/postgres';
import type { Job } from '@millrace/contracts';
import type { JobStore } from './job-store.js';

/** Reports changes of single jobs. */
export interface JobWatcher {
  /**
   * Calls back whenever the job differs from `job`, and once with undefined when it has been deleted.
   *
   * @returns a function that stops watching
   */
  watch(job: Job, onChange: (job: Job | undefined) => void): () => void;
}

interface Watch {
  id: string;
  revision: string;
  onChange: (job: Job | undefined) => void;
}

export interface JobWatcherOptions {
  db: Queryable;
  jobs: Pick<JobStore, 'findAll'>;
  logger: Logger;
}

/** A job's visible state as a string: equal when nothing has changed. */
export function revisionOf(job: Job): string {
  return `${job.status}.${job.attempt_count}.${job.progress.done}`;
}

const POLL_EVERY_MS = 250;
/** How many changed jobs are in memory at once: each may have a megabyte. */
const FETCH_BATCH = 10;

/**
 * Asks PostgreSQL four times a second for the revisions of all jobs that are watched here, in one query, and not at all when none is
 * watched; only changed jobs are fetched. So it does not matter which replica changes a job, and changing one costs nothing extra.
 */
export function createJobWatcher({ db, jobs, logger }: JobWatcherOptions): JobWatcher {
  const watches = new Set<Watch>();
  let timer: NodeJS.Timeout | undefined;

  const tell = async (watch: Watch, job: Job | undefined) => {
    if (!watches.has(watch)) return;
    if (job) watch.revision = revisionOf(job);
    else watches.delete(watch);
    watch.onChange(job);
    // Sent jobs can leave memory before the next ones are built.
    await nextTurn();
  };

  const poll = async () => {
    // The result says nothing about jobs whose watching began while the query was running.
    const asked = [...watches];
    const revisions = await revisionsOf(db, [...new Set(asked.map(({ id }) => id))]);
    const changed = new Map<string, Watch[]>();
    for (const watch of asked) {
      if (revisions.get(watch.id) === watch.revision) continue;
      const sameJob = changed.get(watch.id);
      if (sameJob) sameJob.push(watch);
      else changed.set(watch.id, [watch]);
    }
    const ids = [...changed.keys()];
    for (let begin = 0; begin < ids.length; begin += FETCH_BATCH) {
      const batch = ids.slice(begin, begin + FETCH_BATCH);
      const found = new Map((await jobs.findAll(batch)).map((job) => [job.id, job]));
      for (const id of batch) for (const watch of changed.get(id)!) await tell(watch, found.get(id));
    }
  };

  const pollOn = async () => {
    try {
      await poll();
    } catch (error) {
      logger.warn({ err: error }, 'cannot look after watched jobs right now');
    }
    timer = undefined;
    if (watches.size > 0) startTimer();
  };
  const startTimer = () => {
    timer ??= setTimeout(() => void pollOn(), POLL_EVERY_MS);
  };

  return {
    watch(job, onChange) {
      const watch = { id: job.id, revision: revisionOf(job), onChange };
      watches.add(watch);
      startTimer();
      return () => watches.delete(watch);
    },
  };
}

/** As `revisionOf` returns them; none for a job that does not exist. */
async function revisionsOf(db: Queryable, ids: string[]): Promise<Map<string, string>> {
  const rows = await db.query<{ id: string; revision: string }>(
    `SELECT id, concat_ws('.', status, attempt, progress_done) AS revision FROM jobs WHERE id = ANY($1)`,
    [ids],
  );
  return new Map(rows.map(({ id, revision }) => [id, revision]));
}
