import { unreadable } from './failure.js';
import { call, queryOf } from './http.js';

/** One page of a list, newest first. */
export interface Page<T> {
  rows: T[];
  /** The cursor of the next page; undefined on the last one. */
  next: string | undefined;
}

interface PageQuery {
  /** Undefined for the newest page. */
  cursor: string | undefined;
  limit: number;
}

/** @throws Failure */
export async function getPage<T>(
  path: string,
  filter: Record<string, string>,
  { cursor, limit }: PageQuery,
  signal: AbortSignal,
): Promise<Page<T>> {
  const query = queryOf({ ...filter, cursor, limit });
  const { data, headers } = await call<T[]>('GET', path + query, { signal });
  if (!Array.isArray(data)) throw unreadable();
  // Never more than was asked for.
  return { rows: data.slice(0, limit), next: nextCursor(headers) };
}

/** The `Link` header has the URL of the next page, and that has the cursor. */
function nextCursor(headers: Headers): string | undefined {
  const address = /<([^>]+)>; rel="next"/.exec(headers.get('Link') ?? '')?.[1];
  if (address === undefined) return undefined;
  return new URL(address, location.origin).searchParams.get('cursor') ?? undefined;
}
