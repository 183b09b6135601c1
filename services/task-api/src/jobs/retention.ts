import type { Logger } from '@millrace/chassis/process';
import type { Queryable } from '@millrace/chassis/stores/postgres';
import { tally } from '@millrace/chassis/telemetry';
import { forgetOldKeys } from '../idempotency/keys.js';
import { forgetExpiredApiKeys } from '../keys/key-store.js';
import { pause, repeat } from '../repeat.js';

export interface RetentionOptions {
  db: Queryable;
  /** How long a finished job is kept, with its attempts and its result. */
  jobTtlSeconds: number;
  /** How many bytes all finished jobs may take; beyond that, the oldest are deleted early. */
  jobHistoryBytes: number;
  /** How many bytes the inputs of failed jobs may take, which are only kept for a manual retry. */
  failedInputBytes: number;
}

/** Inputs of failed jobs are kept for at most this long. */
export const FAILED_INPUT_HOURS = 24;

/** A statement should take some milliseconds, even if each row has a text of half a megabyte. */
const JOBS_A_BATCH = 200;
/** The same for rows with an image of 20 MiB each. */
const INPUTS_A_BATCH = 10;
/** Any number, the same in all replicas: only one of them deletes at a time. */
const TURN = 712_002;
/** Deleting takes at most a fifth of one connection's time. */
const REST_FACTOR = 4;

const MY_TURN = `WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(${TURN}) AS is_mine)`;

const countDeleted = tally({
  name: 'retention_deleted_jobs_total',
  help: 'Finished jobs deleted because they were too old, or took too much space.',
});

export interface DeletedJobs {
  /** The end of the batch, from which to continue: before it, the index is full of deleted entries. Undefined when nothing was deleted. */
  until: string | undefined;
  /** How many bytes the jobs took. */
  bytes: number;
}

/**
 * Deletes a batch of the jobs that finished long enough ago, or the oldest ones, whatever their age. Their tasks stay, and keep their
 * status. Deletes nothing while another replica is deleting.
 *
 * @param since where the previous batch ended
 */
export async function deleteEndedJobs(
  { db, jobTtlSeconds }: Pick<RetentionOptions, 'db' | 'jobTtlSeconds'>,
  { since = '-infinity', anyAge = false }: { since?: string | undefined; anyAge?: boolean } = {},
): Promise<DeletedJobs> {
  const [batch] = await db.query<{ until: string | null; bytes: number; jobs: number }>(
    `${MY_TURN},
     old AS (
       SELECT id FROM jobs
        WHERE (SELECT is_mine FROM turn) AND finished_at >= $1 AND (finished_at < now() - $2 * interval '1 s' OR $4)
        ORDER BY finished_at LIMIT $3 FOR UPDATE SKIP LOCKED),
     deleted AS (DELETE FROM jobs USING old WHERE jobs.id = old.id RETURNING finished_at, history_bytes)
     SELECT max(finished_at)::text AS until, coalesce(sum(history_bytes), 0)::float AS bytes,
            count(*)::int AS jobs FROM deleted`,
    [since, jobTtlSeconds, JOBS_A_BATCH, anyAge],
  );
  countDeleted(undefined, batch!.jobs);
  return { until: batch!.until ?? undefined, bytes: batch!.bytes };
}

/** The size of all finished jobs, in bytes. */
export async function historyBytes(db: Queryable): Promise<number> {
  const [history] = await db.query<{ bytes: number }>(
    'SELECT coalesce(sum(history_bytes), 0)::float AS bytes FROM job_counts',
  );
  return history!.bytes;
}

/**
 * Deletes a batch of the inputs of failed jobs: those that are too old, and the oldest ones when there are too many. The jobs stay.
 *
 * @returns whether there may be more
 */
export async function dropFailedInputs({ db, failedInputBytes }: RetentionOptions): Promise<boolean> {
  const dropped = await db.query(
    `${MY_TURN},
     failed_input AS (
       SELECT id, finished_at, sum(input_bytes) OVER (ORDER BY finished_at DESC, id DESC) AS bytes
         FROM jobs
        WHERE status = 'failed' AND kind <> 'task' AND input_bytes > 0),
     job AS (
       UPDATE jobs SET payload = '{}', input_bytes = 0
        WHERE (SELECT is_mine FROM turn) AND status = 'failed'
          AND id IN (SELECT id FROM failed_input
                      WHERE bytes > $1 OR finished_at < now() - $2 * interval '1 hour'
                      ORDER BY finished_at LIMIT $3)
        RETURNING id),
     input AS (DELETE FROM job_inputs USING job WHERE job_id = job.id)
     SELECT id FROM job`,
    [failedInputBytes, FAILED_INPUT_HOURS, INPUTS_A_BATCH],
  );
  return dropped.length === INPUTS_A_BATCH;
}

/** Keeps deleting what has expired. @returns a function that stops it and waits for the running statement */
export function startRetention(
  options: RetentionOptions & { intervalMs: number; logger: Logger },
): () => Promise<void> {
  const { db, intervalMs, logger } = options;
  const deleteAll = async (signal: AbortSignal) => {
    await inBatches(() => dropFailedInputs(options), signal);
    let excess = (await historyBytes(db)) - options.jobHistoryBytes;
    let since: string | undefined;
    do {
      const batch = { since, anyAge: excess > 0 };
      const deleted: DeletedJobs = await restAfter(() => deleteEndedJobs(options, batch), signal);
      excess -= deleted.bytes;
      since = deleted.until;
    } while (since !== undefined && !signal.aborted);
    await inBatches(() => forgetOldKeys(db), signal);
    await inBatches(() => forgetExpiredApiKeys(db), signal);
  };
  return repeat(deleteAll, {
    everyMs: intervalMs,
    onError: (error) => logger.warn({ err: error }, 'could not delete what is no longer kept, trying again'),
  });
}

/** @param deleteBatch returns whether there may be more */
async function inBatches(deleteBatch: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  let isMore = true;
  while (isMore && !signal.aborted) isMore = await restAfter(deleteBatch, signal);
}

/** Work, and then a pause in proportion: on a busy machine both take longer. */
async function restAfter<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const begun = performance.now();
  const result = await work();
  await pause(REST_FACTOR * (performance.now() - begun), signal);
  return result;
}
