import { FIRST_PAGE, json, type Page, selectPage } from '@millrace/chassis/json-sql';
import type { Queryable } from '@millrace/chassis/postgres';
import { jobKindSchema, jobStatusSchema, LIST_TEXT_MAX, type ListJobsQuery } from '@millrace/contracts';

/** What a line of a list shows: what is long stays in the table. */
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

/** A range of an index, or a merge of a few of them, of which as much is read as the page has rows. */
function filteredJobs({ status, kind }: Pick<ListJobsQuery, 'status' | 'kind'>): string {
  if (status === undefined && kind === undefined) {
    return `SELECT ${COLUMNS} FROM jobs WHERE id < $1 ORDER BY id DESC`;
  }
  const kinds = kind === undefined ? jobKindSchema.options : [kind];
  const statuses = status === undefined ? jobStatusSchema.options : [status];
  const ranges = kinds.flatMap((one) =>
    statuses.map(
      (other) => `SELECT ${COLUMNS} FROM jobs WHERE kind = '${one}' AND status = '${other}' AND id < $1`,
    ),
  );
  return `${ranges.join(' UNION ALL ')} ORDER BY id DESC`;
}

/** One page, newest first. */
export async function listJobs(db: Queryable, { limit, cursor, ...filter }: ListJobsQuery): Promise<Page> {
  const statement = selectPage({
    rows: `${filteredJobs(filter)} LIMIT $2::int + 1`,
    row: JOB,
    limit: '$2::int',
  });
  const [page] = await db.query<Page>(statement, [cursor ?? FIRST_PAGE, limit]);
  return page!;
}
