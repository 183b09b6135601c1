import type { Departure } from './open-id.js';

// What this tab remembers during the redirect to the issuer and back. It contains no tokens, and is useless to anyone who reads it.

const DEPARTURE = 'millrace.sign-in';
const ARRIVED = 'millrace.signed-in';

/** @throws when the browser stores nothing: then the user could not return */
export function noteDeparture(departure: Departure): void {
  sessionStorage.setItem(DEPARTURE, JSON.stringify(departure));
}

/** It can be used only once. */
export function takeDeparture(): Departure | undefined {
  try {
    const text = sessionStorage.getItem(DEPARTURE);
    sessionStorage.removeItem(DEPARTURE);
    const found = JSON.parse(text ?? 'null') as Departure | null;
    return found && isOurs(found.path) ? found : undefined;
  } catch {
    return undefined;
  }
}

/** A path on this server, not a URL of another one. */
function isOurs(path: string): boolean {
  return path.startsWith('/') && new URL(path, location.origin).origin === location.origin;
}

/** Somebody was signed in in this tab: after a reload, a silent sign-in may succeed. */
export function noteArrival(): void {
  sessionStorage.setItem(ARRIVED, 'yes');
}

export function forgetArrival(): void {
  sessionStorage.removeItem(ARRIVED);
}

export function hasArrived(): boolean {
  try {
    return sessionStorage.getItem(ARRIVED) !== null;
  } catch {
    return false;
  }
}
