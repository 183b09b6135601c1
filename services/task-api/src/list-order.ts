/** The order of the primary key. */
export const NEWEST_FIRST = 'id DESC';
/**
 * The same, as no id is NULL, but to PostgreSQL another order, which only the index of a list has. Without that, it might read all rows in
 * the order of the primary key until it finds some that match, however many that takes.
 */
export const NEWEST_FIRST_OF_LIST = 'id DESC NULLS LAST';

/**
 * A query of rows in `NEWEST_FIRST_OF_LIST` from several ranges of an index, of which no more is read than is wanted. (OFFSET 0 keeps the
 * ranges queries of their own: only so are their orders known, and merged.)
 *
 * @param conditions of the ranges: on all columns of the index
 */
export function mergeRanges(columns: string, table: string, conditions: string[]): string {
  const ranges = conditions.map(
    (condition) =>
      `(SELECT ${columns} FROM ${table} WHERE ${condition} ORDER BY ${NEWEST_FIRST_OF_LIST} OFFSET 0)`,
  );
  return `SELECT * FROM (${ranges.join(' UNION ALL ')}) AS merged ORDER BY ${NEWEST_FIRST_OF_LIST}`;
}
