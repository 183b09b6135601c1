import type { Departure } from './open-id.js';

// What this tab remembers across the way to the issuer and back. No tokens: whoever reads it can do nothing with it.

const DEPARTURE = 'millrace.sign-in';
const ARRIVED = 'millrace.signed-in';

/** @throws when the browser keeps nothing: then nobody can come back */
export function noteDeparture(departure: Departure): void {
  sessionStorage.setItem(DEPARTURE, JSON.stringify(departure));
}

/** It counts once. */
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

/** A path of this server, and no URL of another one. */
function isOurs(path: string): boolean {
  return path.startsWith('/') && new URL(path, location.origin).origin === location.origin;
}

/** Somebody is signed in in this tab: a reload may ask the issuer for them without a question. */
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
