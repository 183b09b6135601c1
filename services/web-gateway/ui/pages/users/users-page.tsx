import type { User } from '@millrace/contracts';
import { useRef } from 'preact/hooks';
import { asFailure } from '../../api/failure.js';
import { call } from '../../api/http.js';
import { Form, FormFailure, TextField } from '../../parts/form.js';
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
      <PageHead title="Users" about="Each email address belongs to one user." />
      <Registration onRegistered={showNewest} onUnclear={reload} />
      {failure && <FailureNotice failure={failure} onRetry={reload} />}
      {!rows && !failure && <Skeleton rows={3} />}
      {rows?.length === 0 && depth === 1 && (
        <Empty icon="users" title="No users yet">
          Register the first one with a name and an email address.
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
  /** A failed try may have registered the user after all. */
  onUnclear: () => void;
}

function Registration({ onRegistered, onUnclear }: RegistrationProps) {
  const form = useForm(BLANK);
  /** The address of an earlier try with an unknown outcome. */
  const unclear = useRef<string>(undefined);

  const register = async () => {
    const user = form.values;
    const registered = await form.submit(user, async () => {
      try {
        await call('POST', '/user/register', { body: user });
        unclear.current = undefined;
      } catch (error) {
        const { status, begun } = asFailure(error);
        if ([0, 502, 503, 504].includes(status) && begun !== false) {
          unclear.current = user.email;
          onUnclear();
        }
        throw error;
      }
    });
    if (!registered) return;
    say(`Registered ${excerpt(user.name.trim(), NAME_LENGTH)}.`);
    form.set(BLANK);
    form.ref.current?.querySelector('input')?.focus();
    onRegistered();
  };
  // A 409 is always about the address.
  const taken =
    form.failure?.status !== 409
      ? undefined
      : unclear.current === form.values.email
        ? 'is already registered, perhaps by your last try: check the list'
        : 'is already registered';
  const input = { autocomplete: 'off' } as const;

  return (
    <Form form={form} class="panel stack" onSubmit={() => void register()}>
      <div class="form-row">
        <TextField form={form} name="name" label="Name" class="grow" input={input} />
        <TextField
          form={form}
          name="email"
          label="Email address"
          class="grow"
          error={form.errorOf('email') ?? taken}
          input={{ ...input, type: 'email' }}
        />
        <button type="submit" class="btn btn-primary" disabled={form.busy}>
          <Icon name="plus" /> Register
        </button>
      </div>
      {taken === undefined && <FormFailure form={form} onRetry={() => void register()} />}
    </Form>
  );
}
