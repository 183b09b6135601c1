/** How the web UI signs users in; part of its page unless AUTH_MODE is off, in `<meta name="sign-in">`. */
export interface SignInSettings {
  /** The OpenID Connect issuer. */
  issuer: string;
  /** The web UI's client ID there; null if it has none, and then nobody can sign in with the UI. */
  client: string | null;
  /** Parameters of the authorization request, as a query string: `scope`, and whatever else the issuer needs. */
  parameters: string;
}
