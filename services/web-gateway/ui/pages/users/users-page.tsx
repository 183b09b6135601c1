import type { User } from '@millrace/contracts';
import { useRef, useState } from 'preact/hooks';
import { asFailure } from '../../api/failure.js';
import { call } from '../../api/http.js';
import { Field } from '../../parts/field.js';
import { Icon } from '../../parts/icon.js';
import { Empty, FailureNotice, Skeleton } from '../../parts/notice.js';
import { PageHead } from '../../parts/page-head.js';
import { Paged } from '../../parts/paged.js';
import { excerpt } from '../../parts/text.js';
import { Ago } from '../../parts/time.js';
import { say } from '../../state/toasts.js';
import { useForm } from '../../state/use-form.js';
import { usePages } from '../../state/use-pages.js';

const NAME_LENGTH = 200;

export function UsersPage() {
  const pages = usePages<User>('/user/users');
  const { rows, failure, depth, reload, showNewest } = pages;
  return (
    <>
      <PageHead title="Users" about="Each e-mail address belongs to one user." />
      <Registration onRegistered={showNewest} onDoubt={reload} />
      {failure && <FailureNotice failure={failure} onRetry={reload} />}
      {!rows && !failure && <Skeleton rows={3} />}
      {rows?.length === 0 && depth === 1 && (
        <Empty icon="users" title="No users yet">
          Register the first one with a name and an e-mail address.
        </Empty>
      )}
      <Paged what="users" pages={pages}>
        {rows && rows.length > 0 && (
          <ul class="panel rows" aria-label="Users">
            {rows.map(({ id, name, email, created_at }) => (
              <li key={id} class="user">
                <span class="avatar" aria-hidden="true">
                  {initialOf(name)}
                </span>
                <span class="user-name">
                  <strong dir="auto">{excerpt(name, NAME_LENGTH)}</strong>
                  <span dir="auto">{excerpt(email, NAME_LENGTH)}</span>
                </span>
                <span class="quiet">
                  <Ago time={created_at} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </Paged>
    </>
  );
}

function initialOf(name: string): string {
  return String.fromCodePoint(name.trim().codePointAt(0) ?? 0x20).toLocaleUpperCase();
}

const BLANK = { name: '', email: '' };

interface RegistrationProps {
  onRegistered: () => void;
  /** An earlier try may have registered somebody after all. */
  onDoubt: () => void;
}

function Registration({ onRegistered, onDoubt }: RegistrationProps) {
  const [user, setUser] = useState(BLANK);
  const form = useForm();
  /** The address of a try of which it is not known what became of it. */
  const doubtful = useRef<string>(undefined);

  const register = async () => {
    const registered = await form.submit(user, async () => {
      try {
        await call('POST', '/user/register', { body: user });
        doubtful.current = undefined;
      } catch (error) {
        const { status, begun } = asFailure(error);
        if ([0, 502, 503, 504].includes(status) && begun !== false) {
          doubtful.current = user.email;
          onDoubt();
        }
        throw error;
      }
    });
    if (!registered) return;
    say(`Registered ${excerpt(user.name.trim(), NAME_LENGTH)}.`);
    setUser(BLANK);
    form.ref.current?.querySelector('input')?.focus();
    onRegistered();
  };
  // 409 says that it is the address.
  const taken =
    form.failure?.status !== 409
      ? undefined
      : doubtful.current === user.email
        ? 'is registered already, perhaps by your last try: check the list'
        : 'is registered already';

  return (
    <form
      ref={form.ref}
      class="panel stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void register();
      }}
    >
      <div class="form-row">
        <Field label="Name" error={form.errorOf('name')} class="grow">
          <input
            class="form-control"
            autocomplete="off"
            value={user.name}
            onInput={({ currentTarget }) => setUser({ ...user, name: currentTarget.value })}
          />
        </Field>
        <Field label="E-mail address" error={form.errorOf('email') ?? taken} class="grow">
          <input
            type="email"
            class="form-control"
            autocomplete="off"
            value={user.email}
            onInput={({ currentTarget }) => setUser({ ...user, email: currentTarget.value })}
          />
        </Field>
        <button type="submit" class="btn btn-primary" disabled={form.busy}>
          <Icon name="plus" /> Register
        </button>
      </div>
      {form.failure && taken === undefined && !form.failure.isAboutFields && (
        <FailureNotice failure={form.failure} onRetry={() => void register()} />
      )}
    </form>
  );
}
