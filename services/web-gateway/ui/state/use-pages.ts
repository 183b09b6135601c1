import { useEffect, useRef, useState } from 'preact/hooks';
import type { Failure } from '../api/failure.js';
import { getPage, type Page } from '../api/pages.js';
import { queryOf } from '../api/http.js';
import { useLoad } from './use-load.js';

const PAGE_LENGTH = 50;
/** As many as one request may ask for: the rows on the screen are never more, and are brought up to date all at once. */
const PAGES_SHOWN = 4;
/** A list begins with its newest row. */
const NEWEST: Cursors = [undefined];

/** Where each page begins that was asked for so far; the last few of them are shown. */
type Cursors = readonly (string | undefined)[];

export interface Pages<T> {
  /** Of all pages that are shown; undefined until they are loaded. */
  rows: T[] | undefined;
  failure: Failure | undefined;
  /** How many pages were asked for so far. */
  depth: number;
  /** Shows one page more, and lets the newest go when there would be too many; undefined on the last page. */
  older: (() => void) | undefined;
  /** Back by one page; undefined when the newest are shown. */
  newer: (() => void) | undefined;
  /** Shows the newest page, as it is now. */
  showNewest: () => void;
  reload: () => void;
  /** For changes that come by themselves. */
  refresh: () => void;
  /** Puts another row in the place of the one with its id. */
  replace: (row: T) => void;
}

/** A list of any length, page by page. What is shown stays shown when it is loaded anew. */
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
    // A second click while the page is on its way asks for nothing new.
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
