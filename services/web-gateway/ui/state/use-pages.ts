import { PAGE_LIMIT } from '@millrace/contracts/constants';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Failure } from '../api/failure.js';
import { getPage, type Page } from '../api/pages.js';
import { queryOf } from '../api/http.js';
import { useLoad } from './use-load.js';

const PAGE_LENGTH = PAGE_LIMIT.default;
/** As many as one request can load, so that all rows on the page are refreshed at once. */
const PAGES_SHOWN = PAGE_LIMIT.max / PAGE_LENGTH;
const NEWEST: Cursors = [undefined];

/** The cursors of all pages so far, of which the last few are shown; undefined is the newest page. */
type Cursors = readonly (string | undefined)[];

export interface Pages<T> {
  /** The rows of all pages shown; undefined until they are loaded. */
  rows: T[] | undefined;
  failure: Failure | undefined;
  /** The number of pages so far. */
  depth: number;
  /** Shows one more page, and drops the newest when there are too many; undefined on the last page. */
  older: (() => void) | undefined;
  /** Goes back by one page; undefined when the newest is shown. */
  newer: (() => void) | undefined;
  /** Shows and reloads the newest page. */
  showNewest: () => void;
  reload: () => void;
  /** For live updates. */
  refresh: () => void;
  /** Replaces the row with the same id. */
  replace: (row: T) => void;
}

/** A list of any length, page by page. What is shown stays while it is reloaded. */
export function usePages<T extends { id: string }>(
  path: string,
  filter: Record<string, string> = {},
): Pages<T> {
  const list = path + queryOf(filter);
  const [place, setPlace] = useState({ list, cursors: NEWEST });
  useEffect(() => setPlace({ list, cursors: NEWEST }), [list]);
  const cursors = place.list === list ? place.cursors : NEWEST;
  const shown = cursors.slice(-PAGES_SHOWN);
  const [begin] = shown;

  const { data, failure, reload, refresh, put } = useLoad(
    `${list} ${cursors.length} ${begin}`,
    async (signal): Promise<Page<T> & { of: string; cursors: Cursors }> => {
      const query = { cursor: begin, limit: shown.length * PAGE_LENGTH };
      return { ...(await getPage<T>(path, filter, query, signal)), of: list, cursors };
    },
  );
  const latest = useRef(data);
  latest.current = data;

  const show = (next: Cursors) => setPlace({ list, cursors: next });
  const older = () => {
    // A second click while the page is loading does nothing.
    if (data?.next !== undefined && data.of === list && data.cursors === cursors)
      show([...cursors, data.next]);
  };
  return {
    rows: data?.rows,
    failure,
    depth: cursors.length,
    older: data?.next === undefined ? undefined : older,
    newer: cursors.length > PAGES_SHOWN ? () => show(cursors.slice(0, -1)) : undefined,
    showNewest: () => (cursors.length > PAGES_SHOWN ? show(NEWEST) : reload()),
    reload,
    refresh,
    replace: (row) => {
      const now = latest.current;
      if (now) put({ ...now, rows: now.rows.map((other) => (other.id === row.id ? row : other)) });
    },
  };
}
