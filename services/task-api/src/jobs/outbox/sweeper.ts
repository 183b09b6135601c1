import type { Logger } from '@millrace/chassis/process';
import type { Queryable } from '@millrace/chassis/stores/postgres';
import { gauge } from '@millrace/chassis/telemetry';
import { jobKindSchema } from '@millrace/contracts';
import { countAttempts, countEnded } from '../job-counters.js';
import { createAttemptSpans } from '../leases/attempt-spans.js';
import type { DueJob, JobPublisher } from './publisher.js';
import { repeat } from '../../repeat.js';
import type { TaskHints } from '../../tasks/task-hints.js';

export interface SweeperOptions {
  db: Queryable;
  publisher: Pick<JobPublisher, 'publish' | 'hasLostMessages'>;
  hints: Pick<TaskHints, 'changed'>;
  /** When to publish a job again that nobody has claimed. The pause doubles each time, up to 16 times its length. */
  republishAfterMs: number;
  logger: Logger;
}

export interface Sweeper {
  /**
   * Publishes a batch of jobs that are due and not in the queue. Any number of replicas may sweep: each job goes to one of them.
   *
   * @returns whether there may be more
   * @throws Unavailable when PostgreSQL or Redis does not respond; jobs that were not published stay due
   */
  sweep(): Promise<boolean>;
}

const BATCH = 500;
/** A sweep with more to do leaves the rest to the next one. */
const BATCHES_A_SWEEP = 20;
const REPUBLISH_MAX_FACTOR = 16;

/**
 * Takes what is due: a job whose publication failed, that was scheduled, or whose worker disappeared. A job that crashes its worker every
 * time is not retried forever. It is a single statement, so no locks are held while waiting for Redis.
 */
const TAKE_DUE = `
  WITH due AS (
    SELECT id FROM jobs WHERE due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED),
  job AS (
    UPDATE jobs
       SET status = CASE WHEN attempt < max_attempts THEN 'queued' ELSE 'failed' END,
           error = CASE WHEN attempt < max_attempts THEN error
                        ELSE 'The worker did not come back from the last attempt.' END,
           due_at = CASE WHEN attempt < max_attempts THEN now() + interval '1 ms' *
                      CASE WHEN status = 'queued' AND published_at >= run_at
                           THEN least(greatest(2000 * extract(epoch FROM now() - published_at), $2), $3)
                           ELSE $2 END
                    END,
           published_at = now(),
           finished_at = CASE WHEN attempt >= max_attempts THEN now() END
      FROM due
     WHERE jobs.id = due.id
     RETURNING jobs.id, kind, priority, traceparent, owner, jobs.attempt, new.status, old.status AS old_status),
  lost AS (
    UPDATE job_attempts a SET outcome = 'lost', finished_at = now()
      FROM job
     WHERE a.job_id = job.id AND job.status = 'failed' AND a.outcome IS NULL)
  SELECT * FROM job`;

interface TakenJob extends DueJob {
  owner: string | null;
  attempt: number;
  status: 'queued' | 'failed';
  old_status: 'queued' | 'processing';
}

/** A part of the queue, by the ids of its jobs: from `after` on, up to `until`. */
interface Stretch {
  after: string;
  until: string;
}

export function createSweeper({ db, publisher, hints, republishAfterMs, logger }: SweeperOptions): Sweeper {
  /** What Redis has lost and has not been published again yet. */
  let lost: Stretch | undefined;
  const spans = createAttemptSpans(db, logger);

  const publishDue = async () => {
    const taken = await db.query<TakenJob>(TAKE_DUE, [
      BATCH,
      republishAfterMs,
      republishAfterMs * REPUBLISH_MAX_FACTOR,
    ]);
    const changed = taken.filter(({ old_status }) => old_status === 'processing');
    hints.changed(changed.map(({ owner }) => owner));
    const jobs = taken.filter(({ status }) => status === 'queued');
    countAttempts('lost', taken.length - jobs.length);
    countEnded('failed', taken.length - jobs.length);
    spans.ended(taken.filter(({ status }) => status === 'failed'));
    try {
      if (jobs.length > 0) await publisher.publish(jobs);
    } catch (error) {
      // By id, as in leases.ts.
      await db.query(
        `UPDATE jobs SET due_at = now() WHERE id = ANY($1) AND CASE status WHEN 'queued' THEN true END`,
        [jobs.map(({ id }) => id)],
      );
      throw error;
    }
    if (jobs.length > 0) logger.info({ jobs: jobs.length }, 'published jobs that were due');
    return taken.length === BATCH;
  };

  /** Changes nothing in the rows: jobs that are still in Redis are not added twice. */
  const publishLost = async ({ after, until }: Stretch): Promise<Stretch | undefined> => {
    const jobs = await db.query<DueJob>(
      // By kind, as in the index of lists: the scan goes from one queued job to the next, however many others lie in between.
      `SELECT id, kind, priority, traceparent
         FROM unnest($4::text[]) AS kinds (kind),
              LATERAL (SELECT id, priority, traceparent FROM jobs
                        WHERE jobs.kind = kinds.kind AND status = 'queued' AND run_at <= now() AND id > $1 AND id <= $2
                        ORDER BY id LIMIT $3) AS queued
        ORDER BY id
        LIMIT $3`,
      [after, until, BATCH, jobKindSchema.options],
    );
    if (jobs.length > 0) await publisher.publish(jobs);
    return jobs.length === BATCH ? { after: jobs.at(-1)!.id, until } : undefined;
  };

  return {
    async sweep() {
      // Checked first, because it fails while Redis accepts nothing: then no job counts as published.
      if (await publisher.hasLostMessages()) {
        lost = await wholeQueue(db);
        logger.warn('Redis is empty or has lost data, publishing the whole queue again');
      }
      const isMoreDue = await publishDue();
      if (lost) lost = await publishLost(lost);
      return isMoreDue || lost !== undefined;
    },
  };
}

/** Sweeps until it is stopped. @returns a function that stops it and waits for the running sweep */
export function startSweeper(options: SweeperOptions & { intervalMs: number }): () => Promise<void> {
  const { intervalMs, logger } = options;
  const sweeper = createSweeper(options);
  let sweptAt = Date.now();
  gauge(
    {
      name: 'sweeper_last_run_timestamp_seconds',
      help: 'When this replica last completed a sweep, or started.',
    },
    () => [{ value: sweptAt / 1_000 }],
  );
  const sweepAll = async (signal: AbortSignal) => {
    for (let batch = 1; batch <= BATCHES_A_SWEEP && !signal.aborted; batch += 1) {
      if (!(await sweeper.sweep())) break;
    }
    sweptAt = Date.now();
  };
  return repeat(sweepAll, {
    everyMs: intervalMs,
    onError: (error) => logger.warn({ err: error }, 'sweep failed, trying again'),
  });
}

/** Up to now: later jobs are published when they are created. Ids contain the time (UUIDv7). */
async function wholeQueue(db: Queryable): Promise<Stretch> {
  const [now] = await db.query<{ id: string }>('SELECT uuidv7() AS id');
  return { after: '00000000-0000-0000-0000-000000000000', until: now!.id };
}
