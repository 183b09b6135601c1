// An OpenID Connect provider for development, with two users: npm start -- --auth, docker-compose.auth.yaml
// Any password will do, so only this machine may reach it, and its tokens are valid nowhere else.
//   GET /token/ada   an access token, for curl
// Programs sign users in with authorization code and PKCE, as one public client, and return to the stack's home page.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { URL } from 'node:url';
import { ADMIN_SCOPE, SCOPES } from '@millrace/contracts';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import Provider from 'oidc-provider';

const { PORT, HOST = '127.0.0.1', ISSUER, AUDIENCE, HOME, CLIENT, TOKEN_SECONDS } = process.env;
const ALG = 'ES256';

const all = Object.keys(SCOPES);
/** The users, and what their tokens allow. */
const people = { ada: all, bob: all.filter((scope) => scope !== ADMIN_SCOPE) };

const { privateKey } = await generateKeyPair(ALG, { extractable: true });
// A new key at each start.
const key = { ...(await exportJWK(privateKey)), kid: randomUUID(), alg: ALG, use: 'sig' };

/** Under every name by which people may open it. */
const homes = [HOME, HOME.replace('//localhost', '//127.0.0.1')];

const provider = new Provider(ISSUER, {
  clients: [
    {
      client_id: CLIENT,
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: homes,
      post_logout_redirect_uris: homes,
      id_token_signed_response_alg: ALG,
    },
  ],
  jwks: { keys: [key] },
  cookies: { keys: [randomUUID()] },
  findAccount: (_context, id) =>
    people[id] && { accountId: id, claims: () => ({ sub: id, preferred_username: id }) },
  clientBasedCORS: () => true,
  // Without asking for `offline_access`, as most providers do: the web UI renews its tokens.
  issueRefreshToken: (_context, client) => client.grantTypeAllowed('refresh_token'),
  // There is no consent screen. A program never gets more scopes than the user has.
  async loadExistingGrant({ oidc }) {
    const { accountId } = oidc.session;
    // Another tab's; if it were replaced, that tab could no longer renew its tokens.
    const known = oidc.session.grantIdFor(oidc.client.clientId);
    const before = known && (await oidc.provider.Grant.find(known));
    if (before?.accountId === accountId) return before;
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId });
    grant.addOIDCScope('openid');
    grant.addResourceScope(AUDIENCE, people[accountId].join(' '));
    grant.rejectResourceScope(AUDIENCE, all.filter((scope) => !people[accountId].includes(scope)).join(' '));
    await grant.save();
    return grant;
  },
  features: {
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => AUDIENCE,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: all.join(' '),
        audience: AUDIENCE,
        accessTokenFormat: 'jwt',
        accessTokenTTL: Number(TOKEN_SECONDS),
        jwt: { sign: { alg: ALG } },
      }),
    },
  },
});

// Its pages would load a font from another server, which should not learn who uses this, and may not be reachable.
provider.use(async (context, next) => {
  await next();
  context.set(
    'Content-Security-Policy',
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  );
  if (typeof context.body === 'string') context.body = context.body.replace(/@import url\(http[^)]*\);/g, '');
});

function tokenFor(person) {
  return new SignJWT({ scope: people[person].join(' ') })
    .setProtectedHeader({ alg: ALG, kid: key.kid, typ: 'at+jwt' })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject(person)
    .setIssuedAt()
    .setExpirationTime(`${TOKEN_SECONDS}s`)
    .sign(privateKey);
}

const speakOpenIdConnect = provider.callback();
createServer((request, response) => {
  // Otherwise, a web page whose name was made to resolve to this machine (DNS rebinding) could get a token. The public keys are for everyone: in containers,
  // services ask for them by another name.
  if (request.headers.host !== new URL(ISSUER).host && request.url !== '/jwks') {
    response.writeHead(421).end();
    return;
  }
  const [, person] = /^\/token\/(\w+)$/.exec(request.url) ?? [];
  if (person && Object.hasOwn(people, person)) {
    response.setHeader('Cache-Control', 'no-store');
    void tokenFor(person).then((token) => response.end(token));
  } else void speakOpenIdConnect(request, response);
}).listen(Number(PORT), HOST);
