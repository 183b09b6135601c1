import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { decodeJwt } from 'jose';
import { freePort } from '../servers/ports.js';
import { withGuard } from '../supervise/test-support.js';
import { startIdentityProvider } from './start.js';

const HOME = 'http://localhost:8080/';

/** As much of a browser as signing in needs: it keeps cookies. */
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

interface Tokens {
  access_token: string;
  refresh_token: string;
}

const ask = async (issuer: string, parameters: Record<string, string>) => {
  const body = new URLSearchParams({ client_id: 'millrace', ...parameters });
  const response = await fetch(`${issuer}/token`, { method: 'POST', body });
  return { status: response.status, tokens: (await response.json()) as Tokens };
};

/** What a program gets for a user, who types their name unless they are already signed in. */
async function signIn(
  issuer: string,
  person: string,
  scope: string,
  follow = createBrowser(),
): Promise<Tokens> {
  const verifier = 'v'.repeat(43);
  const query = new URLSearchParams({
    client_id: 'millrace',
    response_type: 'code',
    redirect_uri: HOME,
    scope: `openid ${scope}`,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  let url = await follow(`${issuer}/auth?${query.toString()}`);
  if (!url.startsWith(HOME)) url = await follow(url, { prompt: 'login', login: person, password: 'any' });
  while (!url.startsWith(HOME)) url = await follow(url);
  const { tokens } = await ask(issuer, {
    grant_type: 'authorization_code',
    code: new URL(url).searchParams.get('code')!,
    redirect_uri: HOME,
    code_verifier: verifier,
  });
  return tokens;
}

test(
  'signs ada and bob in with authorization code and PKCE, each with what they may do, and hands out tokens for curl',
  () =>
    withGuard(async (guard) => {
      const provider = await startIdentityProvider({ guard, port: await freePort(), home: HOME });
      try {
        const common = { iss: provider.url, aud: provider.settings['AUTH_AUDIENCE'] };
        const scope = 'tasks:read jobs:admin';
        const claims = async (person: string) =>
          decodeJwt((await signIn(provider.url, person, scope)).access_token);
        expect(await claims('ada')).toMatchObject({ ...common, sub: 'ada', scope });
        expect(await claims('bob')).toMatchObject({
          ...common,
          sub: 'bob',
          scope: 'tasks:read',
        });

        const tokenOf = async (person: string) => (await fetch(`${provider.url}/token/${person}`)).text();
        expect(decodeJwt(await tokenOf('ada'))).toMatchObject({ ...common, sub: 'ada' });
        expect(decodeJwt(await tokenOf('bob'))['scope']).not.toContain('jobs:admin');
        expect((await fetch(`${provider.url}/token/eve`)).status).toBe(404);
        const statusAt = async (path: string, Host: string) => {
          const [answer] = (await once(http.get(provider.url + path, { headers: { Host } }), 'response')) as [
            http.IncomingMessage,
          ];
          return answer.resume().statusCode;
        };
        expect(await statusAt('/token/ada', 'elsewhere.example')).toBe(421);
        expect(await statusAt('/auth', 'elsewhere.example')).toBe(421);
        // By the name that it has for containers.
        expect(await statusAt('/jwks', 'identity-provider:9080')).toBe(200);
      } finally {
        await provider.stop();
      }
    }),
  60_000,
);

test(
  'has pages that load nothing from elsewhere',
  () =>
    withGuard(async (guard) => {
      const provider = await startIdentityProvider({ guard, port: await freePort(), home: HOME });
      try {
        const page = await fetch(`${provider.url}/auth`, { headers: { Accept: 'text/html' } });
        expect(page.headers.get('content-security-policy')).toMatch(
          /^default-src 'none'; style-src 'unsafe-inline';/,
        );
        const text = await page.text();
        expect(text).toContain('<style>');
        expect(text.replaceAll(provider.url, '')).not.toMatch(/https?:\/\//);
      } finally {
        await provider.stop();
      }
    }),
  60_000,
);

test(
  'renews the tokens of each tab of a browser',
  () =>
    withGuard(async (guard) => {
      const provider = await startIdentityProvider({ guard, port: await freePort(), home: HOME });
      try {
        const browser = createBrowser();
        const first = await signIn(provider.url, 'bob', 'tasks:read', browser);
        await signIn(provider.url, 'bob', 'tasks:read', browser);
        const renewed = await ask(provider.url, {
          grant_type: 'refresh_token',
          refresh_token: first.refresh_token,
        });
        expect(renewed.status).toBe(200);
        expect(decodeJwt(renewed.tokens.access_token)).toMatchObject({ sub: 'bob', scope: 'tasks:read' });
      } finally {
        await provider.stop();
      }
    }),
  60_000,
);
