import { FIRST_PAGE, json, type Page, type Queryable, selectPage } from '@millrace/chassis/stores/postgres';
import { jobKindSchema, jobStatusSchema, LIST_TEXT_MAX, type ListJobsQuery } from '@millrace/contracts';
import { newestRows } from '../lists/list-order.js';

/** What a list row shows: long values stay in the table. */
const COLUMNS = `id, kind, status, priority, progress_done, progress_total, attempt, max_attempts, processed_by_pod,
  run_at, created_at, started_at, finished_at, error, CASE kind WHEN 'task' THEN payload END AS payload`;

/** A JobListItem. */
const JOB = json.object({
  id: json.plain('id'),
  kind: json.plain('kind'),
  status: json.plain('status'),
  priority: json.plain('priority'),
  progress: json.object({ done: json.number('progress_done'), total: json.number('progress_total') }),
  error: json.text(`left(error, ${LIST_TEXT_MAX})`),
  processed_by_pod: json.text('processed_by_pod'),
  attempt_count: json.number('attempt'),
  max_attempts: json.number('max_attempts'),
  run_at: json.time('run_at'),
  created_at: json.time('created_at'),
  started_at: json.time('started_at'),
  finished_at: json.time('finished_at'),
  title: json.text(`left(payload ->> 'task', ${LIST_TEXT_MAX})`),
});

/** One page, newest first. @param owner the one whose jobs are wanted; null for everyone's */
export async function listJobs(
  db: Queryable,
  { limit, cursor, status, kind }: ListJobsQuery,
  owner: string | null = null,
): Promise<Page> {
  const filter = [
    { name: 'kind', values: jobKindSchema.options, wanted: kind },
    { name: 'status', values: jobStatusSchema.options, wanted: status },
  ];
  const { rows, order } = newestRows('jobs', COLUMNS, filter, owner === null ? undefined : '$3');
  const statement = selectPage({
    rows: `${rows} LIMIT $2::int + 1`,
    order,
    row: JOB,
    limit: '$2::int',
  });
  const [page] = await db.query<Page>(statement, [
    cursor ?? FIRST_PAGE,
    limit,
    ...(owner === null ? [] : [owner]),
  ]);
  return page!;
}
