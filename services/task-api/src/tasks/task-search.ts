import { FIRST_PAGE, type Page, type Queryable } from '@millrace/chassis/stores/postgres';
import type { ListTasksQuery } from '@millrace/contracts';
import { NEWEST_FIRST } from '../lists/list-order.js';
import { filteredTasks, selectTaskPage, TASK_COLUMNS, type TaskFilter } from './task-list.js';

/** How much a step of a search may look at: how many tasks, and for how long. Both limits apply to every step. */
interface Bound {
  tasks: number;
  ms: number;
}

const ALL = 2 ** 31 - 1;
const BOUNDS: Record<'newest' | 'rare' | 'readOn' | 'lookAllUp', Bound> = {
  /** Frequent words are found among the newest tasks. */
  newest: { tasks: 600, ms: 20 },
  /** Rare words are looked up in the index. */
  rare: { tasks: 2_000, ms: 20 },
  /** Words in between are found by reading on, */
  readOn: { tasks: ALL, ms: 20 },
  /** or, when they are only in old tasks, or in few of the filter's, by looking up all matches. */
  lookAllUp: { tasks: 150_000, ms: 500 },
};

export type SearchTasksQuery = ListTasksQuery & {
  q: string;
  /** The one whose tasks are searched. Default: everyone's */
  owner?: string | undefined;
};

/**
 * One page of the tasks whose title or description contains `q`, newest first. Each step tries something more expensive than the one
 * before; none sorts what may be large, and none takes longer the more tasks there are. When all of them fail, the page ends where the time
 * ran out, even if it is empty, and the next one continues there.
 */
export async function searchTasks(db: Queryable, query: SearchTasksQuery, bounds = BOUNDS): Promise<Page> {
  const newest = await walk(db, query, bounds.newest);
  if (newest.isWhole) return newest.page;
  const rare = await lookUp(db, query, bounds.rare);
  if (rare) return rare;
  const more = await walk(db, query, bounds.readOn);
  if (more.isWhole) return more.page;
  return (await lookUp(db, query, bounds.lookAllUp)) ?? more.page;
}

/** Reads the tasks from the cursor on. @returns also whether the page is as long as possible */
async function walk(db: Queryable, query: SearchTasksQuery, bound: Bound) {
  const [walked] = await db.query<Page & { stopped: string | null }>(
    selectWalk(filterOf(query)),
    parameters(query, bound),
  );
  const { rows, next, stopped } = walked!;
  const isWhole = next !== null || stopped === null;
  return { page: { rows, next: isWhole ? next : after(stopped) }, isWhole };
}

/** Looks up all matches in the index. @returns undefined when there are too many */
async function lookUp(db: Queryable, query: SearchTasksQuery, bound: Bound): Promise<Page | undefined> {
  const [page] = await db.query<Page>(selectLookUp(filterOf(query)), parameters(query, bound));
  return page;
}

function parameters({ cursor, limit, q, owner }: SearchTasksQuery, { tasks, ms }: Bound) {
  return [cursor ?? FIRST_PAGE, limit, q, tasks, ms, ...(owner === undefined ? [] : [owner])];
}

function filterOf({ status, priority, owner }: SearchTasksQuery): TaskFilter {
  return { status, priority, owner: owner === undefined ? undefined : '$6' };
}

const IS_LATE = "clock_timestamp() > (SELECT now() + $5::int * interval '1 ms')";
const CONTAINS = 'strpos(text, (SELECT folded($3))) > 0';

/** `stopped` is the first task that was not examined, because the time was over or $4 tasks had been before it. */
function selectWalk(filter: TaskFilter): string {
  const { newest, order } = newestTexts(filter);
  const rows = `
    SELECT task.* FROM walked CROSS JOIN LATERAL (${taskOf('walked.id', {})}) AS task
     WHERE NOT is_end ORDER BY ${NEWEST_FIRST}`;
  return `
    WITH walked AS MATERIALIZED (
      SELECT id, is_end
        FROM (SELECT id, text, ${IS_LATE} OR row_number() OVER (ORDER BY ${order}) > $4::int AS is_end
                FROM (${newest}) AS newest) AS looked_at
       WHERE is_end OR ${CONTAINS}
       LIMIT $2::int + 1)
    SELECT page.*, (SELECT id FROM walked WHERE is_end ORDER BY id DESC LIMIT 1) AS stopped
      FROM (${selectTaskPage(rows, NEWEST_FIRST)}) AS page`;
}

function newestTexts(filter: TaskFilter) {
  if (!isFiltered(filter)) {
    const newest = 'SELECT task_id AS id, text FROM task_texts WHERE task_id < $1 ORDER BY task_id DESC';
    return { newest, order: NEWEST_FIRST };
  }
  const { rows, order } = filteredTasks('id', filter);
  const newest = `SELECT id, text FROM (${rows}) AS filtered JOIN task_texts ON task_id = id ORDER BY ${order}`;
  return { newest, order };
}

/** No row when there are $4 or more matches, or the time was over. */
function selectLookUp(filter: TaskFilter): string {
  const belongs = isFiltered(filter) ? ` AND EXISTS (${taskOf('task_id', filter)})` : '';
  const rows = `
    SELECT task.* FROM (SELECT task_id FROM found ORDER BY task_id DESC LIMIT $2::int + 1) AS newest
     CROSS JOIN LATERAL (${taskOf('task_id', filter)}) AS task
     ORDER BY ${NEWEST_FIRST}`;
  return `
    WITH found AS MATERIALIZED (
      SELECT task_id, is_late
        FROM (SELECT task_id, text, ${IS_LATE} AS is_late FROM task_texts
               WHERE grams(text) @@ (SELECT grams_of(folded($3)))) AS looked_up
       WHERE is_late OR task_id < $1 AND ${CONTAINS}${belongs}
       LIMIT $4::int)
    SELECT page.*
      FROM (SELECT count(*) < $4::int AND NOT coalesce(bool_or(is_late), false) AS is_all FROM found) AS counted
      CROSS JOIN LATERAL (
        SELECT * FROM (${selectTaskPage(rows, NEWEST_FIRST)}) AS page WHERE is_all OFFSET 0) AS page`;
}

function isFiltered({ status, priority, owner }: TaskFilter): boolean {
  return status !== undefined || priority !== undefined || owner !== undefined;
}

/** The task with an id, if it matches the filter. (OFFSET 0: they are looked up one after the other.) */
function taskOf(id: string, { status, priority, owner }: TaskFilter): string {
  const conditions = [
    `id = ${id}`,
    ...(status === undefined ? [] : [`status = '${status}'`]),
    ...(priority === undefined ? [] : [`priority = '${priority}'`]),
    ...(owner === undefined ? [] : [`owner = ${owner}`]),
  ];
  return `SELECT ${TASK_COLUMNS} FROM tasks WHERE ${conditions.join(' AND ')} OFFSET 0`;
}

/** The id right after this one: used as a cursor, it makes the next page begin with this id. */
function after(id: string): string {
  const number = BigInt(`0x${id.replaceAll('-', '')}`) + 1n;
  return number
    .toString(16)
    .padStart(32, '0')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
