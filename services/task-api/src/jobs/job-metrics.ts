import type { Queryable } from '@millrace/chassis/stores/postgres';
import { gauge } from '@millrace/chassis/telemetry';
import { shareFor } from '@millrace/chassis/work';

/** Numbers of jobs are counted as they change (`job_counts`); the other figures are the ends of indexes. No table is scanned. */
const READ_FIGURES = `
  WITH counted AS (
    SELECT coalesce(sum(queued), 0)::float AS queued, coalesce(sum(processing), 0)::float AS processing,
           coalesce(sum(completed), 0)::float AS completed, coalesce(sum(failed), 0)::float AS failed,
           coalesce(sum(cancelled), 0)::float AS cancelled, coalesce(sum(unfinished_images), 0)::float AS unfinished_images,
           coalesce(sum(unfinished_bytes), 0)::float AS unfinished_bytes, coalesce(sum(history_bytes), 0)::float AS history_bytes
      FROM job_counts),
  scheduled AS (
    SELECT count(*)::float AS scheduled FROM jobs WHERE status = 'queued' AND greatest(created_at, run_at) > now()),
  oldest AS (
    SELECT greatest(created_at, run_at) AS since FROM jobs
     WHERE status = 'queued' AND greatest(created_at, run_at) <= now()
     ORDER BY greatest(created_at, run_at) LIMIT 1),
  unswept AS (
    SELECT due_at FROM jobs WHERE due_at IS NOT NULL AND due_at <= now() ORDER BY due_at LIMIT 1)
  SELECT counted.*, scheduled,
         coalesce(extract(epoch FROM now() - (SELECT since FROM oldest)), 0)::float AS oldest_due_age,
         coalesce(extract(epoch FROM now() - (SELECT due_at FROM unswept)), 0)::float AS outbox_lag
    FROM counted, scheduled`;

const STATUSES = ['queued', 'processing', 'completed', 'failed', 'cancelled'] as const;

type Figures = Record<
  | (typeof STATUSES)[number]
  | 'unfinished_images'
  | 'unfinished_bytes'
  | 'history_bytes'
  | 'scheduled'
  | 'oldest_due_age'
  | 'outbox_lag',
  number
>;

/** PostgreSQL is queried at most this often, however often metrics are requested. */
const SHARED_MS = 1_000;

/**
 * Declares the metrics of jobs that come from PostgreSQL. Every replica of task-api reports the same values, so queries use `max`.
 *
 * @param lists the connections that writes do not need
 */
export function declareJobMetrics(lists: Queryable): void {
  const figures = shareFor(SHARED_MS, async () => (await lists.query<Figures>(READ_FIGURES, []))[0]!);
  const show = (name: string, help: string, figure: keyof Figures) =>
    gauge({ name, help }, async () => [{ value: (await figures())[figure] }]);

  gauge({ name: 'jobs', help: 'Stored jobs, by status.' }, async () => {
    const now = await figures();
    return STATUSES.map((status) => ({ labels: { status }, value: now[status] }));
  });
  gauge({ name: 'jobs_unfinished', help: 'Unfinished jobs: images, and all others.' }, async () => {
    const { queued, processing, unfinished_images: images } = await figures();
    return [
      { labels: { kind: 'image' }, value: images },
      { labels: { kind: 'other' }, value: queued + processing - images },
    ];
  });
  show('jobs_scheduled', 'Queued jobs that are scheduled for later.', 'scheduled');
  show(
    'jobs_oldest_due_age_seconds',
    'How long the oldest due job has been waiting; 0: there is none.',
    'oldest_due_age',
  );
  show(
    'jobs_outbox_lag_seconds',
    'How long the oldest job that the sweeper must publish has been waiting for that; 0: there is none.',
    'outbox_lag',
  );
  show('jobs_input_bytes', 'Texts and images of unfinished jobs.', 'unfinished_bytes');
  show('jobs_history_bytes', 'Space used by finished jobs.', 'history_bytes');
}
