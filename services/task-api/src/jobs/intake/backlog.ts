import { Unavailable } from '@millrace/chassis/http';
import type { Queryable } from '@millrace/chassis/stores/postgres';
import type { Scheduling } from '@millrace/contracts';
import { inputBytes, type NewJob } from './create-job.js';

/** How much there may be of what has not ended. */
export interface BacklogLimits {
  /** Jobs of all kinds that are due, in work, or tried again. */
  jobs: number;
  /** Image jobs among them. */
  images: number;
  /** The inputs of all jobs that are kept, in bytes. */
  bytes: number;
  /** Jobs whose time is still to come. They count apart, so that they do not keep others out. */
  scheduled: number;
}

/** Throws Unavailable when there is no room for another job: better to say so than to promise what cannot be kept. */
export type AssertRoom = (job: NewJob, scheduling: Scheduling) => Promise<void>;

/** What scheduled jobs, and failed ones, may take of the bytes each. */
export const INPUT_SHARE = 1 / 4;
/** What scheduled image jobs may be of all image jobs: they are due together, perhaps, and then the others wait for them. */
const IMAGE_SHARE = 1 / 10;

const COUNT_EVERY_MS = 1_000;
const RETRY_AFTER_SECONDS = 5;
/** Room for scheduled jobs comes with their time. */
const RETRY_SCHEDULED_AFTER_SECONDS = 60;

interface Load {
  jobs: number;
  images: number;
  bytes: number;
}

interface Counts {
  waiting: Load;
  scheduled: Load;
  /** The inputs of failed jobs, in bytes. */
  failedBytes: number;
}

/**
 * What has not ended is counted by those who change it; only what is scheduled, which time changes, is counted here, and is
 * bounded. Jobs that have been tried are not: they wait for another attempt.
 */
const COUNT = `
  WITH scheduled AS (
    SELECT count(*) AS jobs, count(*) FILTER (WHERE kind = 'image') AS images, coalesce(sum(input_bytes), 0) AS bytes
      FROM (SELECT kind, input_bytes FROM jobs
             WHERE status = 'queued' AND attempt = 0 AND run_at > created_at AND run_at > now()
             LIMIT $1) AS job),
  counted AS (
    SELECT coalesce(sum(queued + processing), 0) AS jobs, coalesce(sum(unfinished_images), 0) AS images,
           coalesce(sum(unfinished_bytes), 0) AS bytes, coalesce(sum(failed_bytes), 0) AS failed_bytes
      FROM job_counts)
  SELECT json_build_object(
           'waiting', json_build_object(
             'jobs', counted.jobs - scheduled.jobs,
             'images', counted.images - scheduled.images,
             'bytes', counted.bytes - scheduled.bytes),
           'scheduled', to_json(scheduled),
           'failedBytes', counted.failed_bytes) AS counts
    FROM scheduled, counted`;

/**
 * Looks at the counts at most once a second, and what this replica has let in since. Replicas do not see each
 * other's in that second: the limits are a protection, not exact numbers.
 */
export function createBacklogGate(db: Queryable, limits: BacklogLimits): AssertRoom {
  const scheduledLimits = {
    jobs: limits.scheduled,
    images: Math.ceil(limits.images * IMAGE_SHARE),
    bytes: limits.bytes * INPUT_SHARE,
  };
  let counts: Counts;
  let countedAt = -Infinity;
  let counting: Promise<void> | undefined;

  const count = async () => {
    // Replicas do not see at once what the others let in.
    const [row] = await db.query<{ counts: Counts }>(COUNT, [2 * limits.scheduled]);
    counts = row!.counts;
    countedAt = performance.now();
  };

  return async (job, { run_at }) => {
    if (performance.now() - countedAt > COUNT_EVERY_MS) {
      counting ??= count().finally(() => (counting = undefined));
      await counting;
    }
    const { waiting, scheduled, failedBytes } = counts;
    const bytes = inputBytes(job);
    const isScheduled = run_at !== undefined && Date.parse(run_at) > Date.now();
    const hasRoom = (load: Load, limit: Load) =>
      load.jobs < limit.jobs &&
      (job.kind !== 'image' || load.images < limit.images) &&
      load.bytes + bytes <= limit.bytes;

    if (isScheduled && !hasRoom(scheduled, scheduledLimits)) {
      throw new Unavailable(
        'Too many jobs are scheduled. Try again later, or send this one when it is due.',
        { retryAfterSeconds: RETRY_SCHEDULED_AFTER_SECONDS },
      );
    }
    const hasRoomAtAll = waiting.bytes + scheduled.bytes + failedBytes + bytes <= limits.bytes;
    if (!hasRoomAtAll || (!isScheduled && !hasRoom(waiting, limits))) {
      throw new Unavailable('Too many jobs are waiting. Try again later.', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    }
    const own = isScheduled ? scheduled : waiting;
    own.jobs += 1;
    own.bytes += bytes;
    if (job.kind === 'image') own.images += 1;
  };
}
