import type { PageName } from '@millrace/contracts';
import type { FunctionComponent } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { AnalyzePage } from './pages/analyze/analyze-page.js';
import { ImagesPage } from './pages/images/images-page.js';
import { JobsPage } from './pages/jobs/jobs-page.js';
import { LabPage } from './pages/lab/lab-page.js';
import { SystemPage } from './pages/system/system-page.js';
import { TasksPage } from './pages/tasks/tasks-page.js';
import { SignInPage } from './pages/sign-in/sign-in-page.js';
import { UsersPage } from './pages/users/users-page.js';
import { Icon } from './parts/icon.js';
import { PageBoundary } from './parts/page-boundary.js';
import { SessionNotice, SignedIn } from './parts/person.js';
import { ThemeSwitch } from './parts/theme-switch.js';
import { Toasts } from './parts/toasts.js';
import { isConnected } from './state/connection.js';
import { hrefOf, route } from './state/route.js';
import { session } from './state/session.js';
import { useStore } from './state/store.js';

const PAGES: Record<PageName, { title: string; Content: FunctionComponent }> = {
  tasks: { title: 'Tasks', Content: TasksPage },
  analyze: { title: 'Analyze', Content: AnalyzePage },
  images: { title: 'Images', Content: ImagesPage },
  jobs: { title: 'Jobs', Content: JobsPage },
  lab: { title: 'Scaling lab', Content: LabPage },
  users: { title: 'Users', Content: UsersPage },
  system: { title: 'System', Content: SystemPage },
};

/** The frame around every page: navigation, connection status, messages. */
export function App() {
  const { page } = useStore(route);
  const connected = useStore(isConnected);
  const [menuOpen, setMenuOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const shownBefore = useRef(page);
  const visitor = useStore(session);
  // Everybody may see the health of the system.
  const signedOut = visitor.phase === 'signed-out' && page !== 'system' ? visitor : undefined;
  const { Content } = PAGES[page];
  const title = signedOut ? 'Sign in' : PAGES[page].title;

  useEffect(() => {
    document.title = `${title} · Millrace`;
    setMenuOpen(false);
    if (shownBefore.current === page) return;
    shownBefore.current = page;
    // A new page starts at the top, for sighted people and for screen readers.
    scrollTo(0, 0);
    main.current?.querySelector('h1')?.focus({ preventScroll: true });
  }, [page, title]);

  return (
    <div class="frame">
      <a class="skip-link" href="#main">
        Skip to main content
      </a>
      <header class="side">
        <div class="side-body">
          <div class="side-head">
            <a class="brand" href={hrefOf('tasks')}>
              <BrandMark /> Millrace
            </a>
            <button
              type="button"
              class="btn-icon menu-button"
              aria-expanded={menuOpen}
              aria-controls="menu"
              aria-label="Menu"
              onClick={() => setMenuOpen(!menuOpen)}
            >
              <Icon name={menuOpen ? 'close' : 'menu'} />
            </button>
          </div>
          <div id="menu" class={`menu ${menuOpen ? 'is-open' : ''}`}>
            <nav aria-label="Pages">
              <ul>
                {(Object.keys(PAGES) as PageName[]).map((name) => (
                  <li key={name}>
                    <a href={hrefOf(name)} aria-current={name === page ? 'page' : undefined}>
                      <Icon name={name} /> {PAGES[name].title}
                    </a>
                  </li>
                ))}
              </ul>
            </nav>
            <div class="side-foot">
              <SignedIn />
              <a href="/docs">
                <Icon name="book" /> API reference
              </a>
              <ThemeSwitch />
            </div>
          </div>
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <div class="connection" role="status">
          {!connected && (
            <p>
              <Icon name="alert" /> No connection. This page may be out of date; it refreshes when the
              connection is back.
            </p>
          )}
        </div>
        <SessionNotice />
        <PageBoundary key={page}>{signedOut ? <SignInPage session={signedOut} /> : <Content />}</PageBoundary>
      </main>
      <Toasts />
    </div>
  );
}

/** A mill wheel over water. */
function BrandMark() {
  return (
    <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true">
      <circle cx="16" cy="13" r="7" />
      <path d="M16 3v20M7.3 8l17.4 10M7.3 18l17.4-10" />
      <path d="M4 28c2.4 0 2.4-2 4.8-2s2.4 2 4.8 2 2.4-2 4.8-2 2.4 2 4.8 2 2.4-2 4.8-2" />
    </svg>
  );
}
