import type { SignInSettings } from '@millrace/contracts';
import { EventSource as FetchedEvents } from 'eventsource';
import type { Access } from '../api/access.js';
import type { Session } from '../state/session.js';
import { createOpenId, type Departure, isOver, refusalOf, type Tokens } from './open-id.js';
import { forgetArrival, hasArrived, noteArrival, noteDeparture, takeDeparture } from './tab.js';

/** What this folder, which is loaded only where people sign in, needs of the page. It imports nothing else, so that it has a file of its own. */
export interface Surroundings {
  show(session: Session): void;
  /** Replaces the address of the page. */
  goTo(path: string): void;
  /** What a request fails with that cannot be made. */
  failure(message: string, status: number): Error;
  /** Forgets what the browser has kept for the person. */
  forgetPerson(): void;
  /** `fetch` with access. */
  fetch(path: string, init: RequestInit): Promise<Response>;
}

/** An access token is renewed when it is valid for less than this. */
const MARGIN_MS = 10_000;
/** A token that is refused so soon is no matter of time. */
const YOUNG_MS = 10_000;
/** setTimeout takes no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Signs the person in if they come back from the issuer, or have been signed in in this tab, and tells the page who they are. Tokens are kept in
 * this closure and nowhere else: a reload goes to the issuer and back, unnoticed while the issuer still knows them.
 */
export async function openSession(settings: SignInSettings, page: Surroundings): Promise<Access> {
  let tokens: Tokens | undefined;
  let since = 0;
  let renewing: Promise<void> | undefined;
  let ending: number | undefined;
  const otherTabs = new BroadcastChannel('millrace.sign-in');
  const { client } = settings;
  const openId =
    client !== null && isSecureContext
      ? createOpenId({ ...settings, client }, `${location.origin}/`)
      : undefined;

  const signIn = () => void leave(false);
  const leave = async (silently: boolean) => {
    try {
      const { address, departure } = await openId!.departure(location.pathname + location.search, silently);
      noteDeparture(departure);
      if (silently) location.replace(address);
      else location.assign(address);
      // The page goes away.
      await new Promise(() => undefined);
    } catch {
      showSignedOut(
        `The identity provider at ${new URL(settings.issuer).host} cannot be reached. Try again.`,
      );
    }
  };

  const showSignedOut = (reason?: string) => page.show({ phase: 'signed-out', reason, signIn });
  const drop = () => {
    tokens = undefined;
    clearTimeout(ending);
    forgetArrival();
  };
  const expire = () => {
    if (!tokens) return;
    const { person } = tokens;
    drop();
    page.show({ phase: 'expired', person, signIn });
  };
  const begin = (fresh: Tokens) => {
    tokens = fresh;
    since = Date.now();
    noteArrival();
    clearTimeout(ending);
    if (fresh.refresh === undefined && fresh.expiresAt < Infinity)
      ending = window.setTimeout(expire, Math.min(fresh.expiresAt - Date.now(), LONGEST_TIMER_MS));
    page.show({ phase: 'signed-in', person: fresh.person, signOut: () => void signOut() });
  };
  const signOut = async () => {
    const ended = tokens;
    drop();
    page.forgetPerson();
    showSignedOut('You are signed out.');
    otherTabs.postMessage('signed out');
    const address = ended && (await openId!.signOutAddress(ended).catch(() => undefined));
    if (address !== undefined) location.assign(address);
  };
  otherTabs.onmessage = () => {
    if (!tokens) return;
    drop();
    showSignedOut('You have signed out in another tab.');
  };

  const renew = async ({ refresh, ...rest }: Tokens) => {
    if (refresh === undefined) return;
    try {
      const fresh = await openId!.renew({ ...rest, refresh });
      // Unless the person has signed out meanwhile.
      if (tokens) begin(fresh);
    } catch (error) {
      if (isOver(error)) expire();
    }
  };

  const arrive = async (answer: URLSearchParams, departure: Departure) => {
    try {
      begin(await openId!.arrive(answer, departure));
    } catch (error) {
      forgetArrival();
      showSignedOut(reasonOf(error));
    }
  };

  if (!openId) {
    page.show({ phase: 'signed-out', reason: client === null ? NO_CLIENT : INSECURE });
  } else {
    const query = new URLSearchParams(location.search);
    const isAnswer = location.pathname === '/' && (query.has('code') || query.has('error'));
    const departure = takeDeparture();
    // First of all: the code is for nobody's eyes and bookmarks.
    if (isAnswer) page.goTo(departure?.path ?? '/');
    // An answer that this tab has not asked for is none.
    if (isAnswer && departure) await arrive(query, departure);
    else if (hasArrived()) await leave(true);
    else showSignedOut(isAnswer ? UNASKED : undefined);
  }

  return {
    async token() {
      if (tokens && tokens.expiresAt - Date.now() < MARGIN_MS) {
        renewing ??= renew(tokens).finally(() => (renewing = undefined));
        await renewing;
      }
      if (tokens && tokens.expiresAt > Date.now()) return tokens.access;
      // It could not be renewed for now, as the issuer did not answer.
      if (tokens?.refresh !== undefined)
        throw page.failure('Your session cannot be renewed right now. Try again.', 503);
      expire();
      throw page.failure('You are signed out. Sign in again.', 401);
    },
    refused() {
      if (tokens?.refresh === undefined || Date.now() - since < YOUNG_MS) expire();
      // The next request renews it.
      else tokens.expiresAt = 0;
    },
    openEvents: (path) =>
      new FetchedEvents(path, {
        fetch: (_url, init) => page.fetch(path, init),
      }),
  };
}

const NO_CLIENT =
  'This server requires people to sign in, but its web UI is not set up for that: AUTH_CLIENT_ID is not set.';
const UNASKED = 'That was no answer to a sign-in from this tab. Sign in again.';
const INSECURE = 'Browsers let people sign in only over HTTPS, or on localhost.';

function reasonOf(error: unknown): string | undefined {
  const refusal = refusalOf(error);
  // A silent attempt: the issuer wants to see the person.
  if (refusal !== undefined && /^(login|consent|interaction|account_selection)_required$/.test(refusal))
    return undefined;
  if (refusal === 'access_denied') return 'The identity provider has not let you in.';
  if (refusal !== undefined) return `The identity provider has refused: ${refusal.slice(0, 100)}.`;
  return 'The answer of the identity provider could not be accepted. Sign in again.';
}
