import type { Scope } from '@millrace/contracts';
import { createStore } from './store.js';

/** Who uses the page. */
export type Session =
  /** Anybody: sign-in is off. */
  | { phase: 'open' }
  /** @param reason why, unless nobody has tried yet; @param signIn leaves the page; missing when the server has no sign-in for the UI */
  | { phase: 'signed-out'; reason?: string | undefined; signIn?: () => void }
  | { phase: 'signed-in'; person: Person; signOut: () => void }
  /** The content of the page stays, but the server refuses further requests. */
  | { phase: 'expired'; person: Person; signIn: () => void };

export interface Person {
  /** The user's id at the issuer. */
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
