import { Icon } from '../../parts/icon.js';
import { PageHead } from '../../parts/page-head.js';
import type { Session } from '../../state/session.js';

/** Shown instead of every page that shows data with an owner. */
export function SignInPage({ session }: { session: Session & { phase: 'signed-out' } }) {
  const { reason, signIn } = session;
  return (
    <>
      <PageHead title="Sign in" about="Tasks, jobs and images belong to the people who create them." />
      {reason !== undefined && (
        <div class="notice" role="status">
          <Icon name="alert" />
          <p>{reason}</p>
        </div>
      )}
      {signIn && (
        <button type="button" class="btn btn-primary" onClick={signIn}>
          <Icon name="person" /> Sign in
        </button>
      )}
    </>
  );
}
