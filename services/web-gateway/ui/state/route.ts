import type { PageName } from '@millrace/contracts';
import { createStore } from './store.js';

export interface Route {
  page: PageName;
  query: URLSearchParams;
  /** Goes up with every step in the browser's history. */
  visit: number;
}

export const hrefOf = (page: PageName, query = ''): string =>
  (page === 'tasks' ? '/' : `/ui/${page}`) + query;

/** The current page. */
export const route = createStore(readRoute(0));

function readRoute(visit: number): Route {
  const [, name = 'tasks'] = /^\/ui\/(\w+)$/.exec(location.pathname) ?? [];
  // The server answers 404 for other pages.
  return { page: name as PageName, query: new URLSearchParams(location.search), visit };
}

const arrive = () => route.set(readRoute(route.get().visit + 1));

export function navigate(href: string): void {
  history.pushState(null, '', href);
  arrive();
}

/** Goes there without adding a step to the history. */
export function replacePath(path: string): void {
  history.replaceState(null, '', path);
  arrive();
}

/** Puts what a page shows into its URL, to reload or share it, without adding a step to go back to. */
export function replaceQuery(query: string): void {
  if (query === location.search) return;
  history.replaceState(null, '', location.pathname + query);
  route.set(readRoute(route.get().visit));
}

/** Follows plain clicks on links to our own pages without reloading. */
export function followLinks(): void {
  addEventListener('popstate', arrive);
  document.addEventListener('click', (event) => {
    const link = (event.target as Element).closest('a');
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.pathname !== '/' && !link.pathname.startsWith('/ui/')) return;
    // The browser handles jumps within the page.
    if (link.hash && link.pathname === location.pathname) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
}
