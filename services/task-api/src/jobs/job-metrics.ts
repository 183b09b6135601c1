import type { Queryable } from '@millrace/chassis/stores/postgres';
import { gauge } from '@millrace/chassis/telemetry';
import { shareFor } from '@millrace/chassis/work';

/** How many there are is counted as it changes (`job_counts`); the others are the ends of indexes. No table is read. */
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

/** However many ask for the metrics, PostgreSQL is asked this often at most. */
const SHARED_MS = 1_000;

/**
 * Declares what PostgreSQL knows of jobs. Every replica of task-api tells the same: in a query, take the `max` of them.
 *
 * @param lists the connections that writes do not need
 */
export function declareJobMetrics(lists: Queryable): void {
  const figures = shareFor(SHARED_MS, async () => (await lists.query<Figures>(READ_FIGURES, []))[0]!);
  const show = (name: string, help: string, figure: keyof Figures) =>
    gauge({ name, help }, async () => [{ value: (await figures())[figure] }]);

  gauge({ name: 'jobs', help: 'Jobs that are kept, by status.' }, async () => {
    const now = await figures();
    return STATUSES.map((status) => ({ labels: { status }, value: now[status] }));
  });
  gauge({ name: 'jobs_unfinished', help: 'Jobs that have not ended: images, and all others.' }, async () => {
    const { queued, processing, unfinished_images: images } = await figures();
    return [
      { labels: { kind: 'image' }, value: images },
      { labels: { kind: 'other' }, value: queued + processing - images },
    ];
  });
  show('jobs_scheduled', 'Queued jobs whose time is still to come.', 'scheduled');
  show(
    'jobs_oldest_due_age_seconds',
    'How long the oldest job that may begin has waited; 0: there is none.',
    'oldest_due_age',
  );
  show(
    'jobs_outbox_lag_seconds',
    'How long the oldest job that the sweeper has to publish has waited for it; 0: there is none.',
    'outbox_lag',
  );
  show('jobs_input_bytes', 'Texts and images of jobs that have not ended.', 'unfinished_bytes');
  show('jobs_history_bytes', 'Space taken by jobs that have ended.', 'history_bytes');
}
