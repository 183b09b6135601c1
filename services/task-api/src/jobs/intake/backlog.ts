import { Unavailable } from '@millrace/chassis/http';
import type { Queryable } from '@millrace/chassis/stores/postgres';
import type { Scheduling } from '@millrace/contracts';
import { inputBytes, type NewJob } from './create-job.js';

/** Limits on unfinished jobs. */
export interface BacklogLimits {
  /** Jobs of all kinds that are due, running, or waiting for a retry. */
  jobs: number;
  /** Image jobs among them. */
  images: number;
  /** The stored inputs of all jobs, in bytes. */
  bytes: number;
  /** Scheduled jobs. They are counted separately, so that they do not keep others out. */
  scheduled: number;
}

/** Throws Unavailable when there is no room for another job: better to refuse than to break a promise. */
export type AssertRoom = (job: NewJob, scheduling: Scheduling) => Promise<void>;

/** The share of the bytes for scheduled jobs, and for failed jobs. */
export const INPUT_SHARE = 1 / 4;
/** The share of image jobs that may be scheduled: they may all be due at once, and then the others wait for them. */
const IMAGE_SHARE = 1 / 10;

const COUNT_EVERY_MS = 1_000;
const RETRY_AFTER_SECONDS = 5;
/** Room for scheduled jobs appears as they become due. */
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
 * Unfinished jobs are counted whenever they change. Only scheduled jobs, which become due by themselves, are counted here, and their number
 * is bounded. Jobs that wait for another attempt do not count as scheduled. It begins with SELECT, as a read: a request that is refused has
 * changed nothing.
 */
const COUNT = `
  SELECT json_build_object(
           'waiting', json_build_object(
             'jobs', counted.jobs - scheduled.jobs,
             'images', counted.images - scheduled.images,
             'bytes', counted.bytes - scheduled.bytes),
           'scheduled', to_json(scheduled),
           'failedBytes', counted.failed_bytes) AS counts
    FROM (SELECT count(*) AS jobs, count(*) FILTER (WHERE kind = 'image') AS images, coalesce(sum(input_bytes), 0) AS bytes
            FROM (SELECT kind, input_bytes FROM jobs
                   WHERE status = 'queued' AND attempt = 0 AND run_at > created_at AND run_at > now()
                   LIMIT $1) AS job) AS scheduled,
         (SELECT coalesce(sum(queued + processing), 0) AS jobs, coalesce(sum(unfinished_images), 0) AS images,
                 coalesce(sum(unfinished_bytes), 0) AS bytes, coalesce(sum(failed_bytes), 0) AS failed_bytes
            FROM job_counts) AS counted`;

/**
 * Reads the counts at most once a second, and adds what this replica has accepted since. Replicas do not see each other's jobs within that
 * second: the limits are a protection, not exact.
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
    // Replicas do not see at once what the others have accepted.
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
