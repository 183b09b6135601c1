import type { Logger } from '@millrace/chassis';
import type { Postgres } from '@millrace/chassis/postgres';
import { forgetOldKeys } from './idempotency.js';
import type { DueJob, JobPublisher } from './job-publisher.js';
import type { TaskHints } from './task-hints.js';

export interface SweepOptions {
  db: Postgres;
  publisher: Pick<JobPublisher, 'publish'>;
  hints: Pick<TaskHints, 'changed'>;
  /** When to publish a job again that nobody has claimed: Redis may have lost it. While it is there, that is a no-op. */
  republishAfterMs: number;
}

export interface SweeperOptions extends SweepOptions {
  /** The pause between two sweeps. */
  intervalMs: number;
  logger: Logger;
}

const BATCH = 500;

/**
 * Publishes, again and again, whatever job is due and not on its way: one whose publication failed, was lost with Redis'
 * data, has waited for its time, or whose worker vanished. Any number of replicas may sweep: each job goes to one of them.
 *
 * @returns a function that stops it and waits for the sweep under way
 */
export function startSweeper(options: SweeperOptions): () => Promise<void> {
  const { intervalMs, logger } = options;
  let stopped = false;
  let timer: NodeJS.Timeout;

  const sweepAll = async () => {
    try {
      let count: number;
      do {
        count = await sweep(options);
        if (count > 0) logger.info({ jobs: count }, 'published jobs that were due');
      } while (count === BATCH && !stopped);
      await forgetOldKeys(options.db);
    } catch (error) {
      logger.warn({ err: error }, 'sweep failed, trying again');
    }
    if (!stopped) timer = setTimeout(next, intervalMs);
  };
  let underWay = Promise.resolve();
  const next = () => {
    underWay = sweepAll();
  };
  timer = setTimeout(next, intervalMs);

  return async () => {
    stopped = true;
    clearTimeout(timer);
    await underWay;
  };
}

/**
 * Publishes a batch and takes note inside one transaction: when Redis does not take it, the jobs stay due.
 *
 * @returns how many
 */
export async function sweep({ db, publisher, hints, republishAfterMs }: SweepOptions): Promise<number> {
  const ended = await endLostJobs(db);
  const published = await db.transaction(async (tx) => {
    const jobs = await tx.query<DueJob>(
      `WITH due AS (
         SELECT id FROM jobs WHERE due_at <= now() AND attempt < max_attempts ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
       UPDATE jobs SET status = 'queued', due_at = now() + $2 * interval '1 ms'
         FROM due
        WHERE jobs.id = due.id
        RETURNING jobs.id, attempt, priority, request_id, traceparent`,
      [BATCH, republishAfterMs],
    );
    if (jobs.length > 0) await publisher.publish(jobs);
    return jobs.length;
  });
  if (ended + published > 0) hints.changed();
  return published;
}

/** A job that takes its worker with it every time is not tried for ever. @returns how many there were */
async function endLostJobs(db: Postgres): Promise<number> {
  const ended = await db.query(
    `WITH job AS (
       UPDATE jobs
          SET status = 'failed', error = 'The worker did not come back from the last attempt.',
              due_at = NULL, finished_at = now()
        WHERE due_at <= now() AND attempt >= max_attempts
        RETURNING id),
     lost AS (
       UPDATE job_attempts a SET outcome = 'lost', finished_at = now()
         FROM job
        WHERE a.job_id = job.id AND a.outcome IS NULL)
     SELECT id FROM job`,
  );
  return ended.length;
}
