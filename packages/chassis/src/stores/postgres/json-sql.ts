/**
 * SQL that makes the JSON text of an answer, which is passed on as it is: rows that become objects and then text in Node take twice
 * as long. Each function takes an SQL expression and gives one for JSON text, never NULL.
 */
export const json = {
  /** Text that needs no escapes and is never NULL: ids, names of states. */
  plain: (sql: string) => `'"' || ${sql} || '"'`,
  /** Any text, or NULL. */
  text: (sql: string) => `coalesce(to_json(${sql})::text, 'null')`,
  /** A number, or NULL. */
  number: (sql: string) => `coalesce((${sql})::text, 'null')`,
  /** Never NULL. */
  boolean: (sql: string) => `CASE WHEN ${sql} THEN 'true' ELSE 'false' END`,
  /** A timestamptz as UTC with milliseconds, like Date's toISOString(), or NULL. */
  time: (sql: string) =>
    String.raw`coalesce(to_char(${sql} AT TIME ZONE 'UTC', '"\""YYYY-MM-DD"T"HH24:MI:SS.MS"Z\""'), 'null')`,
  /** @param fields what the functions here have made, by name, in the order of the object */
  object: (fields: Record<string, string>) => {
    const names = Object.keys(fields).map((name) => `"${name}":%s`);
    return `format('{${names.join(',')}}', ${Object.values(fields).join(', ')})`;
  },
};

/** One page of a list, as PostgreSQL has made it. */
export interface Page {
  /** The JSON text of an array. */
  rows: string;
  /** The cursor of the next page: the last id of this one. Null on the last page. */
  next: string | null;
}

/** The cursor before which all ids lie. */
export const FIRST_PAGE = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/**
 * A statement that makes one page, a row of `Page`.
 *
 * @param rows a query whose rows have an `id`: one more than the page may have, if there are as many
 * @param order the order they come in. Default: `id DESC`
 * @param row the JSON of a row
 * @param limit an SQL expression: the most rows of a page
 * @param bytes where rows can be large: how large one is, an SQL expression, and how much of that a page may have. Its first
 *   row is always on it
 */
export function selectPage({
  rows,
  order = 'id DESC',
  row,
  limit,
  bytes,
}: {
  rows: string;
  order?: string;
  row: string;
  limit: string;
  bytes?: { of: string; max: number };
}): string {
  const fits = bytes ? `number <= ${limit} AND (number = 1 OR bytes <= ${bytes.max})` : `number <= ${limit}`;
  return `
    SELECT '[' || coalesce(string_agg(${row}, ',' ORDER BY ${order}) FILTER (WHERE ${fits}), '') || ']' AS rows,
           CASE WHEN NOT bool_and(${fits}) THEN min(id::text) FILTER (WHERE ${fits}) END AS next
      FROM (SELECT *, row_number() OVER page AS number${bytes ? `, sum(${bytes.of}) OVER page AS bytes` : ''}
              FROM (${rows}) AS listed
            WINDOW page AS (ORDER BY ${order} ROWS UNBOUNDED PRECEDING)) AS numbered`;
}
