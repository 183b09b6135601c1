import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import { freePort } from '../servers/ports.js';
import { withGuard } from '../supervise/test-support.js';
import { startIdentityProvider } from './start.js';

const HOME = 'http://localhost:8080/';

/** A browser, as far as signing in needs one: it keeps cookies. */
function createBrowser() {
  const cookies = new Map<string, string>();
  return async (url: string, form?: Record<string, string>) => {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { Cookie: [...cookies].map((pair) => pair.join('=')).join('; ') },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!;
      cookies.set(name!, value!);
    }
    const location = response.headers.get('location');
    if (!location) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
    return new URL(location, url).href;
  };
}

/** @returns the claims of the access token that a program gets for a person */
async function signIn(issuer: string, person: string, scope: string) {
  const verifier = 'v'.repeat(43);
  const follow = createBrowser();
  const query = new URLSearchParams({
    client_id: 'millrace',
    response_type: 'code',
    redirect_uri: HOME,
    scope: `openid ${scope}`,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const login = await follow(`${issuer}/auth?${query.toString()}`);
  let url = await follow(login, { prompt: 'login', login: person, password: 'any' });
  while (!url.startsWith(HOME)) url = await follow(url);
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      client_id: 'millrace',
      grant_type: 'authorization_code',
      code: new URL(url).searchParams.get('code')!,
      redirect_uri: HOME,
      code_verifier: verifier,
    }),
  });
  const { access_token: token } = (await response.json()) as { access_token: string };
  return decodeJwt(token);
}

test(
  'signs ada and bob in with authorization code and PKCE, each with what they may do, and hands out tokens for curl',
  () =>
    withGuard(async (guard) => {
      const provider = await startIdentityProvider({ guard, port: await freePort(), home: HOME });
      try {
        const common = { iss: provider.url, aud: provider.settings['AUTH_AUDIENCE'] };
        const scope = 'tasks:read jobs:admin';
        expect(await signIn(provider.url, 'ada', scope)).toMatchObject({ ...common, sub: 'ada', scope });
        expect(await signIn(provider.url, 'bob', scope)).toMatchObject({
          ...common,
          sub: 'bob',
          scope: 'tasks:read',
        });

        const tokenOf = async (person: string) => (await fetch(`${provider.url}/token/${person}`)).text();
        expect(decodeJwt(await tokenOf('ada'))).toMatchObject({ ...common, sub: 'ada' });
        expect(decodeJwt(await tokenOf('bob'))['scope']).not.toContain('jobs:admin');
        expect((await fetch(`${provider.url}/token/eve`)).status).toBe(404);
      } finally {
        await provider.stop();
      }
    }),
  60_000,
);
