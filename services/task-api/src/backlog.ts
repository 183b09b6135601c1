import { Unavailable } from '@millrace/chassis';
import type { Queryable } from '@millrace/chassis/postgres';
import type { JobKind } from '@millrace/contracts';

export interface BacklogLimits {
  /** Unfinished jobs of all kinds. */
  jobs: number;
  /** Unfinished image jobs. */
  images: number;
}

/** Throws Unavailable when there is no room for another job: better to say so than to promise what cannot be kept. */
export type AssertRoom = (kind: JobKind) => Promise<void>;

const COUNT_EVERY_MS = 1_000;
const RETRY_AFTER_SECONDS = 5;

/**
 * Counts the unfinished jobs at most once a second, and what this replica has let in since. Replicas do not see each
 * other's in that second: the limit is a protection, not an exact number.
 */
export function createBacklogGate(db: Queryable, limits: BacklogLimits): AssertRoom {
  let counts = { jobs: 0, images: 0 };
  let countedAt = -Infinity;
  let counting: Promise<void> | undefined;

  const count = async () => {
    const [row] = await db.query<{ jobs: number; images: number }>(
      `SELECT count(*)::int AS jobs, count(*) FILTER (WHERE kind = 'image')::int AS images
         FROM (SELECT kind FROM jobs WHERE due_at IS NOT NULL LIMIT $1) AS unfinished`,
      [limits.jobs + 1],
    );
    counts = row!;
    countedAt = performance.now();
  };

  return async (kind) => {
    if (performance.now() - countedAt > COUNT_EVERY_MS) {
      counting ??= count().finally(() => (counting = undefined));
      await counting;
    }
    if (counts.jobs >= limits.jobs || (kind === 'image' && counts.images >= limits.images)) {
      throw new Unavailable('There is more work waiting than can be taken on. Try again later.', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    }
    counts.jobs += 1;
    if (kind === 'image') counts.images += 1;
  };
}
