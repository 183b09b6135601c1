import type { SignInSettings } from '@millrace/contracts';
import { EventSource as FetchedEvents } from 'eventsource';
import type { Access } from '../api/access.js';
import type { Session } from '../state/session.js';
import { createOpenId, type Departure, isOver, refusalOf, type Tokens } from './open-id.js';
import { forgetArrival, hasArrived, noteArrival, noteDeparture, takeDeparture } from './tab.js';

/** What this folder needs from the page. It imports nothing else, so that it becomes a separate bundle, loaded only with sign-in. */
export interface Surroundings {
  show(session: Session): void;
  /** Replaces the URL of the page. */
  goTo(path: string): void;
  /** The error of a request that cannot be sent. */
  failure(message: string, status: number): Error;
  /** Deletes what the browser has stored for the user. */
  forgetPerson(): void;
  /** `fetch` with access. */
  fetch(path: string, init: RequestInit): Promise<Response>;
}

/** An access token is renewed when it expires in less than this. */
const MARGIN_MS = 10_000;
/** If a token is refused this early, expiry is not the reason. */
const YOUNG_MS = 10_000;
/** The maximum of setTimeout. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Signs the user in if they return from the issuer, or were signed in in this tab before, and tells the page who they are. Tokens are kept only in
 * this closure: a reload goes to the issuer and back, unnoticed while the session there lasts.
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
      // The browser leaves the page.
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
      // Unless the user has signed out in the meantime.
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
    // Before anything else: the code must not be seen or bookmarked.
    if (isAnswer) page.goTo(departure?.path ?? '/');
    // Ignores a response that this tab has not requested.
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
      // It could not be renewed for now, because the issuer did not respond.
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
  // A silent attempt: the issuer needs the user to do something.
  if (refusal !== undefined && /^(login|consent|interaction|account_selection)_required$/.test(refusal))
    return undefined;
  if (refusal === 'access_denied') return 'The identity provider has not let you in.';
  if (refusal !== undefined) return `The identity provider has refused: ${refusal.slice(0, 100)}.`;
  return 'The answer of the identity provider could not be accepted. Sign in again.';
}
