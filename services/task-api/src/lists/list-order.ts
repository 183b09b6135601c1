/** The order of the primary key. */
export const NEWEST_FIRST = 'id DESC';
/**
 * The same, as no id is NULL, but to PostgreSQL another order, which only the index of a list has. Without that, it might read all rows in
 * the order of the primary key until it finds some that match, however many that takes.
 */
export const NEWEST_FIRST_OF_LIST = 'id DESC NULLS LAST';

/** A column of a list's index: all values that it may have, and the one that is wanted, if any. */
export interface FilterColumn {
  name: string;
  values: readonly string[];
  wanted: string | undefined;
}

/**
 * A query of the rows before the cursor $1, newest first, and the order that it has.
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
 * A query of rows in `NEWEST_FIRST_OF_LIST` from several ranges of an index, of which no more is read than is wanted. (OFFSET 0 keeps the
 * ranges queries of their own: only so are their orders known, and merged.)
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
