import { FIRST_PAGE, json, type Page, type Queryable, selectPage } from '@millrace/chassis/stores/postgres';
import { type ListTasksQuery, prioritySchema, taskStatusSchema } from '@millrace/contracts';
import { newestRows } from '../lists/list-order.js';

/**
 * A page ends early when its texts are longer than this: 200 tasks of 20,000 characters would be 24 MB of JSON. As JSON, texts take at most
 * six times as much.
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

export interface TaskFilter extends Pick<ListTasksQuery, 'status' | 'priority'> {
  /** The parameter with the one owner whose tasks are wanted (`$3`). Default: everyone's */
  owner?: string | undefined;
}

/** A query for the tasks of a filter before the cursor $1, newest first, and the order that it has. */
export function filteredTasks(columns: string, { status, priority, owner }: TaskFilter) {
  const filter = [
    { name: 'status', values: taskStatusSchema.options, wanted: status },
    { name: 'priority', values: prioritySchema.options, wanted: priority },
  ];
  return newestRows('tasks', columns, filter, owner);
}

/** A page of at most $2 tasks. @param rows a query for one task more, in `order` */
export function selectTaskPage(rows: string, order: string): string {
  return selectPage({
    rows,
    order,
    row: TASK,
    limit: '$2::int',
    bytes: { of: 'octet_length(title) + octet_length(description)', max: PAGE_TEXT_BYTES },
  });
}

/** One page, newest first. @param owner the one whose tasks are wanted; null for everyone's */
export async function listTasks(
  db: Queryable,
  { limit, cursor, status, priority }: ListTasksQuery,
  owner: string | null = null,
): Promise<Page> {
  const { rows, order } = filteredTasks(TASK_COLUMNS, {
    status,
    priority,
    owner: owner === null ? undefined : '$3',
  });
  const statement = selectTaskPage(`${rows} LIMIT $2::int + 1`, order);
  const [page] = await db.query<Page>(statement, [
    cursor ?? FIRST_PAGE,
    limit,
    ...(owner === null ? [] : [owner]),
  ]);
  return page!;
}
