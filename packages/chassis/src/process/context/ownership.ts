import { createHash } from 'node:crypto';
import { ADMIN_SCOPE } from '@millrace/contracts';
import { currentContext } from './request-context.js';

/** The owner of what the current request creates; null with AUTH_MODE=off, and for a service that acts for nobody. */
export function currentOwner(): string | null {
  return currentContext()?.principal?.owner ?? null;
}

/**
 * Whose tasks, jobs and images the current request may see and change.
 * @returns null for everyone's: for administrators, and for everybody with AUTH_MODE=off
 */
export function visibleOwner(): string | null {
  const principal = currentContext()?.principal;
  if (!principal || principal.scopes.has(ADMIN_SCOPE)) return null;
  // Only administrators see what has no owner: no owner is the empty string.
  return principal.owner ?? '';
}

/**
 * Marks a trace with its owner. The mark reveals neither the owner nor the owner's other traces; but given an owner, it can be checked whether a
 * trace is theirs.
 */
export function ownerMark(traceId: string, owner: string): string {
  return createHash('sha256').update(`${traceId} ${owner}`).digest('base64url');
}
