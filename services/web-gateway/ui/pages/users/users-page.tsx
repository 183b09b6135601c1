import type { User } from '@millrace/contracts';
import { useState } from 'preact/hooks';
import { call, nextPage, queryOf } from '../../api/http.js';
import { Field } from '../../parts/field.js';
import { Icon } from '../../parts/icon.js';
import { Empty, FailureNotice, Skeleton } from '../../parts/notice.js';
import { PageHead } from '../../parts/page-head.js';
import { Ago } from '../../parts/time.js';
import { say } from '../../state/toasts.js';
import { useForm } from '../../state/use-form.js';
import { useLoad } from '../../state/use-load.js';

const PAGE_LENGTH = 50;

export function UsersPage() {
  const [count, setCount] = useState(PAGE_LENGTH);
  const { data, failure, reload } = useLoad(String(count), async (signal) => {
    const path = '/user/users' + queryOf({ limit: Math.min(count, 200) });
    const { data: users, headers } = await call<User[]>('GET', path, { signal });
    return { users, more: nextPage(headers) !== undefined && count < 200 };
  });

  return (
    <>
      <PageHead title="Users" about="Who uses it. Each e-mail address belongs to one user." />
      <Registration onRegistered={reload} />
      {failure && <FailureNotice failure={failure} onRetry={reload} />}
      {!data && !failure && <Skeleton rows={3} />}
      {data?.users.length === 0 && (
        <Empty icon="users" title="No users yet">
          Register the first one with a name and an e-mail address.
        </Empty>
      )}
      {data && data.users.length > 0 && (
        <ul class="panel rows" aria-label="Users">
          {data.users.map(({ id, name, email, created_at }) => (
            <li key={id} class="user">
              <span class="avatar" aria-hidden="true">
                {initialOf(name)}
              </span>
              <span class="user-name">
                <strong>{name}</strong>
                <span>{email}</span>
              </span>
              <span class="quiet">
                <Ago time={created_at} />
              </span>
            </li>
          ))}
        </ul>
      )}
      {data?.more && (
        <button type="button" class="btn btn-quiet more" onClick={() => setCount(count + PAGE_LENGTH)}>
          Show older users
        </button>
      )}
    </>
  );
}

function initialOf(name: string): string {
  return String.fromCodePoint(name.trim().codePointAt(0) ?? 0x20).toLocaleUpperCase();
}

const BLANK = { name: '', email: '' };

function Registration({ onRegistered }: { onRegistered: () => void }) {
  const [user, setUser] = useState(BLANK);
  const form = useForm();

  const register = async () => {
    const registered = await form.submit(() => call('POST', '/user/register', { body: user }));
    if (!registered) return;
    say(`Registered ${user.name.trim()}.`);
    setUser(BLANK);
    form.ref.current?.querySelector('input')?.focus();
    onRegistered();
  };
  // 409 says that it is the address.
  const taken = form.failure?.status === 409 ? 'is registered already' : undefined;

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
      {form.failure && taken === undefined && Object.keys(form.failure.fields).length === 0 && (
        <FailureNotice failure={form.failure} onRetry={() => void register()} />
      )}
    </form>
  );
}
