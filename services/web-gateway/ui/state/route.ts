import type { Page } from '@millrace/contracts';
import { createStore } from './store.js';

export interface Route {
  page: Page;
  query: URLSearchParams;
  /** Counts the steps of the browser's history that were taken: another one, another visit. */
  visit: number;
}

export const hrefOf = (page: Page, query = ''): string => (page === 'tasks' ? '/' : `/ui/${page}`) + query;

/** Where the browser is. */
export const route = createStore(readRoute(0));

function readRoute(visit: number): Route {
  const [, name = 'tasks'] = /^\/ui\/(\w+)$/.exec(location.pathname) ?? [];
  // The server has no other pages.
  return { page: name as Page, query: new URLSearchParams(location.search), visit };
}

const arrive = () => route.set(readRoute(route.get().visit + 1));

export function navigate(href: string): void {
  history.pushState(null, '', href);
  arrive();
}

/** Keeps what a page shows in its address, for a reload or a friend: not a step to go back to. */
export function replaceQuery(query: string): void {
  if (query === location.search) return;
  history.replaceState(null, '', location.pathname + query);
  route.set(readRoute(route.get().visit));
}

/** Follows plain clicks on links to our own pages without loading the page anew. */
export function followLinks(): void {
  addEventListener('popstate', arrive);
  document.addEventListener('click', (event) => {
    const link = (event.target as Element).closest('a');
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.pathname !== '/' && !link.pathname.startsWith('/ui/')) return;
    // A jump within the page is the browser's.
    if (link.hash && link.pathname === location.pathname) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
}
