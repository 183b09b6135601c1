/** How the web UI signs people in; part of its page when AUTH_MODE is not off, in `<meta name="sign-in">`. */
export interface SignInSettings {
  /** The OpenID Connect issuer. */
  issuer: string;
  /** The web UI's name there; null when it has none, so that nobody can sign in with it. */
  client: string | null;
  /** Parameters of the authorization request, as a query string: `scope`, and what the issuer needs besides. */
  parameters: string;
}
