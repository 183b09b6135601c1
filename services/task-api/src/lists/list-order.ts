/** The order of the primary key. */
export const NEWEST_FIRST = 'id DESC';
/**
 * The same order, as no id is NULL, but PostgreSQL treats it as a different one, which only the index of a list has. Otherwise, it might
 * read all rows in the order of the primary key until it finds enough matches, however long that takes.
 */
export const NEWEST_FIRST_OF_LIST = 'id DESC NULLS LAST';

/** A column of a list's index: all its possible values, and the requested one, if any. */
export interface FilterColumn {
  name: string;
  values: readonly string[];
  wanted: string | undefined;
}

/**
 * A query for rows before the cursor $1, newest first, and the order that it has.
 *
 * @param filter all columns of the list's index, in its order
 * @param owner the parameter with the one owner whose rows are wanted (`$3`); their index begins with it. Default: everyone's
 */
export function newestRows(table: string, columns: string, filter: FilterColumn[], owner?: string) {
  if (owner === undefined && filter.every(({ wanted }) => wanted === undefined)) {
    const rows = `SELECT ${columns} FROM ${table} WHERE id < $1 ORDER BY ${NEWEST_FIRST}`;
    return { rows, order: NEWEST_FIRST };
  }
  const conditions = filter.reduce(
    (combined, { name, values, wanted }) =>
      combined.flatMap((others) =>
        (wanted === undefined ? values : [wanted]).map((value) => `${others}${name} = '${value}' AND `),
      ),
    [owner === undefined ? '' : `owner = ${owner} AND `],
  );
  const ranges = conditions.map((condition) => `${condition}id < $1`);
  return { rows: mergeRanges(columns, table, ranges), order: NEWEST_FIRST_OF_LIST };
}

/**
 * A query for rows in `NEWEST_FIRST_OF_LIST` order from several ranges of an index, which reads no more than requested. (OFFSET 0 keeps the
 * ranges separate queries: only then does PostgreSQL know their orders and merge them.)
 *
 * @param conditions of the ranges: on all columns of the index
 */
function mergeRanges(columns: string, table: string, conditions: string[]): string {
  const ranges = conditions.map(
    (condition) =>
      `(SELECT ${columns} FROM ${table} WHERE ${condition} ORDER BY ${NEWEST_FIRST_OF_LIST} OFFSET 0)`,
  );
  return `SELECT * FROM (${ranges.join(' UNION ALL ')}) AS merged ORDER BY ${NEWEST_FIRST_OF_LIST}`;
}
