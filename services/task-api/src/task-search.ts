import { FIRST_PAGE, type Page } from '@millrace/chassis/json-sql';
import type { Queryable } from '@millrace/chassis/postgres';
import type { ListTasksQuery } from '@millrace/contracts';
import { filteredTasks, selectTaskPage, TASK_COLUMNS, type TaskFilter } from './task-list.js';

/** How many of the newest tasks are read first: there, what is frequent is found. */
const NEWEST = 2_000;
/** What is rarer than this is looked up in the index, all of it. */
const RARE = 2_000;
/** How long the tasks are read, one after the other, when what is searched is neither frequent among the newest nor rare. */
const BUDGET_MS = 50;
/** No number of tasks: the time decides. */
const ANY_NUMBER = 2 ** 31 - 1;

export type SearchTasksQuery = ListTasksQuery & { q: string };

/**
 * One page of the tasks whose title or description contains `q`, newest first. It is found without sorting what may be many, in a
 * time that does not depend on how many tasks there are: by reading the newest ones, or else all that the index of texts has. When neither
 * will do, the page ends where the time was over, be it empty, and the next one goes on there.
 */
export async function searchTasks(db: Queryable, query: SearchTasksQuery): Promise<Page> {
  const newest = await walk(db, query, NEWEST);
  if (newest.isWhole) return newest.page;
  return (await lookUp(db, query)) ?? (await walk(db, query, ANY_NUMBER)).page;
}

/** Reads up to `most` tasks from the cursor on, for up to `BUDGET_MS`. @returns also whether the page is as long as it can be */
async function walk(db: Queryable, query: SearchTasksQuery, most: number) {
  const [walked] = await db.query<Page & { stopped: string | null }>(selectWalk(query), [
    query.cursor ?? FIRST_PAGE,
    query.limit,
    query.q,
    most,
    BUDGET_MS,
  ]);
  const { rows, next, stopped } = walked!;
  const isWhole = next !== null || stopped === null;
  return { page: { rows, next: isWhole ? next : after(stopped) }, isWhole };
}

/** Looks up all there is. @returns undefined when that is too much */
async function lookUp(db: Queryable, query: SearchTasksQuery): Promise<Page | undefined> {
  const [page] = await db.query<Page>(selectLookUp(query), [
    query.cursor ?? FIRST_PAGE,
    query.limit,
    query.q,
    RARE,
    BUDGET_MS,
  ]);
  return page;
}

const IS_LATE = "clock_timestamp() > (SELECT now() + $5::int * interval '1 ms')";
const CONTAINS = 'strpos(text, (SELECT folded($3))) > 0';

/** `stopped` is the first task that was not looked at, as the time was over or there were $4 before it. */
function selectWalk(filter: TaskFilter): string {
  const isFiltered = filter.status !== undefined || filter.priority !== undefined;
  const texts = isFiltered
    ? `SELECT id, text FROM (${filteredTasks('id', filter)}) AS filtered JOIN task_texts ON task_id = id ORDER BY id DESC`
    : 'SELECT task_id AS id, text FROM task_texts WHERE task_id < $1 ORDER BY task_id DESC';
  const rows = `
    SELECT ${TASK_COLUMNS} FROM tasks JOIN (SELECT id AS found FROM walked WHERE NOT is_end) AS hit ON id = found ORDER BY id DESC`;
  return `
    WITH walked AS MATERIALIZED (
      SELECT id, is_end
        FROM (SELECT id, text, ${IS_LATE} OR row_number() OVER (ORDER BY id DESC) > $4::int AS is_end
                FROM (${texts}) AS newest) AS looked_at
       WHERE is_end OR ${CONTAINS}
       LIMIT $2::int + 1)
    SELECT page.*, (SELECT id FROM walked WHERE is_end ORDER BY id DESC LIMIT 1) AS stopped
      FROM (${selectTaskPage(rows)}) AS page`;
}

function selectLookUp({ status, priority }: TaskFilter): string {
  const conditions = [
    'id < $1',
    ...(status === undefined ? [] : [`status = '${status}'`]),
    ...(priority === undefined ? [] : [`priority = '${priority}'`]),
  ];
  const rows = `
    SELECT ${TASK_COLUMNS} FROM tasks JOIN found ON id = task_id
     WHERE ${conditions.join(' AND ')} ORDER BY id DESC LIMIT $2::int + 1`;
  return `
    WITH found AS MATERIALIZED (
      SELECT task_id, is_late
        FROM (SELECT task_id, text, ${IS_LATE} AS is_late FROM task_texts
               WHERE grams(text) @@ (SELECT grams_of(folded($3)))) AS looked_up
       WHERE is_late OR ${CONTAINS}
       LIMIT $4::int)
    SELECT page.*
      FROM (SELECT count(*) < $4::int AND NOT coalesce(bool_or(is_late), false) AS is_all FROM found) AS counted
      CROSS JOIN LATERAL (SELECT * FROM (${selectTaskPage(rows)}) AS page WHERE is_all OFFSET 0) AS page`;
}

/** The id right after this one: as a cursor, it lets the next page begin with it. */
function after(id: string): string {
  const number = BigInt(`0x${id.replaceAll('-', '')}`) + 1n;
  return number
    .toString(16)
    .padStart(32, '0')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
