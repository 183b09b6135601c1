import type { SignInSettings } from '@millrace/contracts';
import * as oauth from 'oauth4webapi';

/** What is remembered between leaving the page and returning to it. */
export interface Departure {
  state: string;
  nonce: string;
  verifier: string;
  /** The path on this server where the user was. */
  path: string;
}

export interface Tokens {
  access: string;
  /** When the access token expires (Date.now()). */
  expiresAt: number;
  /** Renews the access token; not every issuer issues one. */
  refresh: string | undefined;
  /** The ID token: tells the issuer who is signing out. */
  id: string;
  person: { id: string; name: string; scopes: ReadonlySet<string> };
}

/** OpenID Connect, as a public client, with authorization code and PKCE (RFC 7636, RFC 9700). */
export interface OpenId {
  /** Where to send the user. @param silently returns at once, with an error if the user would have to do something */
  departure(path: string, silently: boolean): Promise<{ address: string; departure: Departure }>;
  /**
   * Checks the answer (state, issuer, nonce) and exchanges its code.
   *
   * @throws AuthorizationResponseError when the issuer has refused; other errors when the answer does not match `departure`
   */
  arrive(answer: URLSearchParams, departure: Departure): Promise<Tokens>;
  /** @throws ResponseBodyError when the issuer has refused */
  renew(tokens: Tokens & { refresh: string }): Promise<Tokens>;
  /** Where users sign out; undefined when the issuer has no such page. */
  signOutAddress(tokens: Tokens): Promise<string | undefined>;
}

const TIMEOUT_MS = 10_000;

/** @param home the redirect URI: the URL of the home page */
export function createOpenId(settings: SignInSettings & { client: string }, home: string): OpenId {
  const issuer = new URL(settings.issuer);
  const client: oauth.Client = { client_id: settings.client };
  const requested = new URLSearchParams(settings.parameters);
  const options = {
    // For a provider on the developer's machine.
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the library marks options that are not for production this way
    [oauth.allowInsecureRequests]: issuer.protocol === 'http:',
    signal: () => AbortSignal.timeout(TIMEOUT_MS),
  };
  let known: Promise<oauth.AuthorizationServer> | undefined;
  const server = () =>
    (known ??= oauth
      .discoveryRequest(issuer, options)
      .then((response) => oauth.processDiscoveryResponse(issuer, response))
      .catch((error: unknown) => {
        known = undefined;
        throw error;
      }));

  const tokensOf = (response: oauth.TokenEndpointResponse, earlier?: Tokens): Tokens => {
    const { access_token: access, expires_in: seconds = Infinity, refresh_token, id_token, scope } = response;
    const claims = oauth.getValidatedIdTokenClaims(response);
    // If omitted, it is the requested scope (RFC 6749, 5.1).
    const granted = scope ?? requested.get('scope') ?? '';
    return {
      access,
      expiresAt: Date.now() + seconds * 1_000,
      refresh: refresh_token ?? earlier?.refresh,
      id: id_token ?? earlier?.id ?? '',
      person: {
        id: claims?.sub ?? earlier?.person.id ?? '',
        name: claims ? nameOf(claims) : (earlier?.person.name ?? ''),
        scopes: scope === undefined && earlier ? earlier.person.scopes : new Set(granted.split(' ')),
      },
    };
  };

  return {
    async departure(path, silently) {
      const { authorization_endpoint: endpoint } = await server();
      if (endpoint === undefined) throw new Error('the issuer has no authorization endpoint');
      const departure = {
        state: oauth.generateRandomState(),
        nonce: oauth.generateRandomNonce(),
        verifier: oauth.generateRandomCodeVerifier(),
        path,
      };
      const address = new URL(endpoint);
      const parameters = {
        ...Object.fromEntries(requested),
        response_type: 'code',
        client_id: settings.client,
        redirect_uri: home,
        state: departure.state,
        nonce: departure.nonce,
        code_challenge: await oauth.calculatePKCECodeChallenge(departure.verifier),
        code_challenge_method: 'S256',
        ...(silently && { prompt: 'none' }),
      };
      for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
      return { address: address.href, departure };
    },

    async arrive(answer, { state, nonce, verifier }) {
      const as = await server();
      const checked = oauth.validateAuthResponse(as, client, answer, state);
      const response = await oauth.authorizationCodeGrantRequest(
        as,
        client,
        oauth.None(),
        checked,
        home,
        verifier,
        options,
      );
      return tokensOf(
        await oauth.processAuthorizationCodeResponse(as, client, response, {
          expectedNonce: nonce,
          requireIdToken: true,
        }),
      );
    },

    async renew(tokens) {
      const as = await server();
      const response = await oauth.refreshTokenGrantRequest(
        as,
        client,
        oauth.None(),
        tokens.refresh,
        options,
      );
      return tokensOf(await oauth.processRefreshTokenResponse(as, client, response), tokens);
    },

    async signOutAddress({ id }) {
      const { end_session_endpoint: endpoint } = await server();
      if (endpoint === undefined) return undefined;
      const address = new URL(endpoint);
      address.searchParams.set('client_id', settings.client);
      address.searchParams.set('id_token_hint', id);
      address.searchParams.set('post_logout_redirect_uri', home);
      return address.href;
    },
  };
}

function nameOf({ sub, ...claims }: oauth.IDToken): string {
  const names = [claims['name'], claims['preferred_username'], claims['email'], sub];
  return names.find((name): name is string => typeof name === 'string' && name !== '') ?? '';
}

/** The issuer's refusal of an authorization request, such as `access_denied`; undefined for another error. */
export function refusalOf(error: unknown): string | undefined {
  return error instanceof oauth.AuthorizationResponseError ? error.error : undefined;
}

/** Whether the issuer refuses to renew the session, as opposed to not responding. */
export function isOver(error: unknown): boolean {
  return error instanceof oauth.ResponseBodyError && error.status < 500;
}
