/**
 * SQL that produces the JSON text of a response, which is passed on unchanged: turning rows into objects and then into text in Node takes
 * twice as long. Each function takes an SQL expression and returns one for JSON text, which is never NULL.
 */
export const json = {
  /** Text that needs no escaping and is never NULL: ids, status names. */
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
  /** @param fields the results of these functions, by name, in the order of the object */
  object: (fields: Record<string, string>) => {
    const names = Object.keys(fields).map((name) => `"${name}":%s`);
    return `format('{${names.join(',')}}', ${Object.values(fields).join(', ')})`;
  },
};

/** One page of a list, as PostgreSQL has built it. */
export interface Page {
  /** The JSON text of an array. */
  rows: string;
  /** The cursor of the next page: the last id on this one. Null on the last page. */
  next: string | null;
}

/** The cursor before which all ids lie. */
export const FIRST_PAGE = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/**
 * A statement that builds one page, a row of `Page`.
 *
 * @param rows a query for rows with an `id`: one more than fits on the page, if there are that many
 * @param order the order of the rows. Default: `id DESC`
 * @param row the JSON of a row
 * @param limit an SQL expression: the maximum number of rows on a page
 * @param bytes for rows that can be large: the size of one, as an SQL expression, and the maximum total on a page. The first row is always
 *   included
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
