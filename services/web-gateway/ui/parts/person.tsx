import { Icon } from './icon.js';
import { excerpt } from './text.js';
import { session } from '../state/session.js';
import { useStore } from '../state/store.js';

const NAME_LENGTH = 40;

/** Who is signed in, and the button to sign out. Nothing without sign-in. */
export function SignedIn() {
  const now = useStore(session);
  if (now.phase !== 'signed-in') return null;
  return (
    <div class="person">
      <Icon name="person" />
      <span class="person-name" dir="auto" title={now.person.name}>
        <span class="visually-hidden">Signed in as </span>
        {excerpt(now.person.name, NAME_LENGTH)}
      </span>
      <button type="button" class="btn btn-sm btn-quiet" onClick={now.signOut}>
        Sign out
      </button>
    </div>
  );
}

/** Says that the session is over, above what the page still shows. */
export function SessionNotice() {
  const now = useStore(session);
  return (
    <div role="alert">
      {now.phase === 'expired' && (
        <div class="notice">
          <Icon name="alert" />
          <p>
            Your session has expired, and you have been signed out. Nothing is sent or updated until you sign
            in again.
          </p>
          <button type="button" class="btn btn-sm btn-primary" onClick={now.signIn}>
            Sign in again
          </button>
        </div>
      )}
    </div>
  );
}
