import { FIRST_PAGE, json, type Page, selectPage } from '@millrace/chassis/json-sql';
import type { Queryable } from '@millrace/chassis/postgres';
import { type ListTasksQuery, prioritySchema, taskStatusSchema } from '@millrace/contracts';

/**
 * A page ends early when its texts are longer than this: 200 tasks of 20,000 characters would be 24 MB of JSON. As JSON they
 * take six times as much at most.
 */
const PAGE_TEXT_BYTES = 512 * 1024;

export const TASK_COLUMNS = `id, title, description, priority, status, processed_by_pod, created_at, updated_at, completed_at`;

/** A task as the API shows it. */
const TASK = json.object({
  id: json.plain('id'),
  title: json.text('title'),
  description: json.text('description'),
  priority: json.plain('priority'),
  status: json.plain('status'),
  completed: json.boolean('completed_at IS NOT NULL'),
  processed_by_pod: json.text('processed_by_pod'),
  created_at: json.time('created_at'),
  updated_at: json.time('updated_at'),
  completed_at: json.time('completed_at'),
});

export type TaskFilter = Pick<ListTasksQuery, 'status' | 'priority'>;

/**
 * A query of the tasks of a filter, before the cursor $1, newest first: a range of an index, or a merge of a few of them, of which as
 * much is read as is wanted. The values of the filter are in the text (there are 28 of them), as a plan for any value is made for
 * the worst one.
 */
export function filteredTasks(columns: string, { status, priority }: TaskFilter): string {
  if (status === undefined && priority === undefined) {
    return `SELECT ${columns} FROM tasks WHERE id < $1 ORDER BY id DESC`;
  }
  const statuses = status === undefined ? taskStatusSchema.options : [status];
  const priorities = priority === undefined ? prioritySchema.options : [priority];
  const ranges = statuses.flatMap((one) =>
    priorities.map(
      (other) => `SELECT ${columns} FROM tasks WHERE status = '${one}' AND priority = '${other}' AND id < $1`,
    ),
  );
  return `${ranges.join(' UNION ALL ')} ORDER BY id DESC`;
}

/** A page of tasks, of at most $2. @param rows a query of one task more, in descending order */
export function selectTaskPage(rows: string): string {
  return selectPage({
    rows,
    row: TASK,
    limit: '$2::int',
    bytes: { of: 'octet_length(title) + octet_length(description)', max: PAGE_TEXT_BYTES },
  });
}

/** One page, newest first. */
export async function listTasks(db: Queryable, { limit, cursor, ...filter }: ListTasksQuery): Promise<Page> {
  const statement = selectTaskPage(`${filteredTasks(TASK_COLUMNS, filter)} LIMIT $2::int + 1`);
  const [page] = await db.query<Page>(statement, [cursor ?? FIRST_PAGE, limit]);
  return page!;
}
