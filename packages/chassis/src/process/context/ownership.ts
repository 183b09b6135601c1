import { ADMIN_SCOPE } from '@millrace/contracts';
import { currentContext } from './request-context.js';

/** To whom that belongs which the current request creates; null with AUTH_MODE=off, and for a service that acts for nobody. */
export function currentOwner(): string | null {
  return currentContext()?.principal?.owner ?? null;
}

/**
 * Whose tasks, jobs and images the current request may see and change.
 *
 * @returns null for everyone's, which is what administrators see, and everybody with AUTH_MODE=off
 */
export function visibleOwner(): string | null {
  const principal = currentContext()?.principal;
  if (!principal || principal.scopes.has(ADMIN_SCOPE)) return null;
  // Nobody's things are administrators' only: no owner is the empty text.
  return principal.owner ?? '';
}
