import type { SignInSettings } from '@millrace/contracts';
import { render } from 'preact';
import { fetchAs, setAccess } from './api/access.js';
import { Failure } from './api/failure.js';
import { App } from './app.js';
import { forgetImages, recallImages } from './state/recent-images.js';
import { followLinks, replacePath } from './state/route.js';
import { session } from './state/session.js';
import { followTheme } from './state/theme.js';

/** Without sign-in, does nothing and loads nothing. */
async function startSession(): Promise<void> {
  const told = document.querySelector<HTMLMetaElement>('meta[name=sign-in]')?.content;
  if (told === undefined) return;
  const { openSession } = await import('./sign-in/session.js');
  setAccess(
    await openSession(JSON.parse(told) as SignInSettings, {
      show: (now) => session.set(now),
      goTo: replacePath,
      failure: (message, status) => new Failure(message, status, { begun: false }),
      forgetPerson: forgetImages,
      fetch: fetchAs,
    }),
  );
}

followTheme();
followLinks();
await startSession();
const now = session.get();
recallImages('person' in now ? now.person.id : '');
render(<App />, document.getElementById('app')!);
