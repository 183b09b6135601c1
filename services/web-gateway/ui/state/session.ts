import type { Scope } from '@millrace/contracts';
import { createStore } from './store.js';

/** Who uses the page. */
export type Session =
  /** Anybody: the server asks nobody to sign in. */
  | { phase: 'open' }
  /** @param reason why, unless nobody has tried yet; @param signIn leaves the page; missing when the server names no way to sign in */
  | { phase: 'signed-out'; reason?: string | undefined; signIn?: () => void }
  | { phase: 'signed-in'; person: Person; signOut: () => void }
  /** What is on the page stays there, but the server answers nothing more. */
  | { phase: 'expired'; person: Person; signIn: () => void };

export interface Person {
  /** The issuer's id of them. */
  id: string;
  name: string;
  scopes: ReadonlySet<string>;
}

export const session = createStore<Session>({ phase: 'open' });

/** Whether the server would allow it, as far as the page can tell. */
export function may(scope: Scope): boolean {
  const now = session.get();
  return !('person' in now) || now.person.scopes.has(scope);
}
