import { type RequestHandler, Router } from 'express';
import { type CryptoKey, generateKeyPair, SignJWT } from 'jose';
import request from 'supertest';
import { AUDIENCE, type Issuer, startIssuer } from '../../../../../tests/support/issuer.js';
import { basics, recordingLogger, silentLogger } from '../../../../../tests/support/service-basics.js';
import { createHttpApp } from '../app.js';
import { methodNotAllowed } from '../method-not-allowed.js';
import type { AuthConfig } from '../../process/config/auth-config.js';
import { currentContext } from '../../process/context/request-context.js';
import { createAuthentication } from './authentication.js';

const SERVICE_TOKEN = 'x'.repeat(32);

const tellWho: RequestHandler = (_req, res) => {
  res.json({ owner: currentContext()?.principal?.owner ?? null });
};
/** New routers for each app, because it adds its rules to them. */
function makeRoutes() {
  const routes = Router();
  routes.route(['/api/tasks', '/tasks']).get(tellWho).all(methodNotAllowed);
  routes.route('/internal/jobs/claims').post(tellWho);
  routes.route('/').get(tellWho);
  return routes;
}

let issuer: Issuer;
let app: ReturnType<typeof createApp>;
beforeAll(async () => {
  issuer = await startIssuer();
  app = createApp();
});
afterAll(() => issuer.stop());

function createApp(own: Partial<AuthConfig> = {}, routes = makeRoutes()) {
  const config = {
    AUTH_MODE: 'jwt',
    AUTH_ISSUER: issuer.url,
    AUTH_AUDIENCE: AUDIENCE,
    SERVICE_TOKEN,
    ...own,
  } as const;
  const auth = createAuthentication(config, silentLogger());
  return createHttpApp({ ...basics('a-1'), service: 'a', routes: [routes], auth });
}

const get = (token?: string, to = app) => {
  const asked = request(to).get('/tasks');
  return token === undefined ? asked : asked.set('Authorization', `Bearer ${token}`);
};

it('lets in a token with the scope, as the subject that it names', async () => {
  const token = await issuer.token({ sub: 'ada', scope: 'openid tasks:read' });
  const { status, body } = await get(token);
  expect({ status, body: body as unknown }).toEqual({ status: 200, body: { owner: `${issuer.url} ada` } });
  // The second time, it comes from the cache.
  expect((await get(token)).body).toEqual(body);
});

it('also reads the scopes from scp', async () => {
  expect((await get(await issuer.token({ scp: ['tasks:read'] }))).status).toBe(200);
});

it('challenges a request without a token, and names no error', async () => {
  const { status, headers, body } = await get();
  expect({ status, challenge: headers['www-authenticate'] }).toEqual({
    status: 401,
    challenge: 'Bearer realm="millrace"',
  });
  expect(body).toMatchObject({ status: 401, detail: 'Send an access token: Authorization: Bearer TOKEN.' });
  const basic = await request(app).get('/tasks').set('Authorization', 'Basic YWRhOmFkYQ==');
  expect(basic.headers['www-authenticate']).toBe('Bearer realm="millrace"');
});

const seconds = () => Math.floor(Date.now() / 1_000);
it.each<[string, () => object, string]>([
  ['has expired', () => ({ exp: seconds() - 9 }), 'The access token has expired.'],
  ['is for others', () => ({ aud: 'https://other.test' }), 'The access token is meant for another audience.'],
  ['is from others', () => ({ iss: 'https://other.test' }), 'The access token is from another issuer.'],
  ['begins later', () => ({ nbf: seconds() + 60 }), 'The access token is not valid yet.'],
  ['never expires', () => ({ exp: undefined }), 'The access token is not valid.'],
  ['names nobody', () => ({ sub: undefined }), 'The access token is not valid.'],
  [
    'names somebody at too great a length',
    () => ({ sub: 'a'.repeat(256) }),
    'The access token is not valid.',
  ],
  ['names somebody with a NUL', () => ({ sub: 'a\0b' }), 'The access token is not valid.'],
  ['names somebody by a number', () => ({ sub: 7 }), 'The access token is not valid.'],
  ['names somebody in a list', () => ({ sub: ['ada'] }), 'The access token is not valid.'],
  ['names somebody with half a character', () => ({ sub: 'a\ud800' }), 'The access token is not valid.'],
])('refuses a token that %s', async (_what, claims, reason) => {
  const { status, headers, body } = await get(await issuer.token({ scope: 'tasks:read', ...claims() }));
  expect({ status, body: body as unknown }).toMatchObject({ status: 401, body: { detail: reason } });
  expect(headers['www-authenticate']).toBe(
    `Bearer realm="millrace", error="invalid_token", error_description="${reason}"`,
  );
});

it('tolerates clocks that differ by a few seconds', async () => {
  const token = await issuer.token({ scope: 'tasks:read', exp: seconds() - 1 });
  expect((await get(token)).status).toBe(200);
});

it.each([
  ['that is none', () => 'abc'],
  ['without a signature', () => `${encode({ alg: 'none' })}.${encode(claims())}.`],
  ['signed with a shared secret', () => sign('HS256', new TextEncoder().encode('x'.repeat(32)))],
  [
    'signed with an algorithm that is not expected',
    async () => sign('PS256', (await generateKeyPair('PS256')).privateKey),
  ],
  ['signed by somebody else', async () => sign('ES256', (await generateKeyPair('ES256')).privateKey)],
])('refuses a token %s', async (_what, make) => {
  expect((await get(await make())).status).toBe(401);
});

const claims = () => ({
  iss: issuer.url,
  aud: AUDIENCE,
  sub: 'eve',
  scope: 'tasks:read',
  exp: seconds() + 60,
});
const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
const sign = (alg: string, key: CryptoKey | Uint8Array) =>
  new SignJWT(claims()).setProtectedHeader({ alg, kid: 'key-1' }).sign(key);

it('names the scope that a token lacks', async () => {
  const { status, headers, body } = await get(await issuer.token({ scope: 'tasks:write' }));
  expect({ status, body: body as unknown }).toMatchObject({
    status: 403,
    body: { detail: 'The access token lacks the scope tasks:read.' },
  });
  expect(headers['www-authenticate']).toBe(
    'Bearer realm="millrace", error="insufficient_scope", scope="tasks:read"',
  );
});

it('requires the same token for HEAD', async () => {
  expect((await request(app).head('/tasks')).status).toBe(401);
});

it('requires no token on public routes, nor for 404 and 405', async () => {
  expect((await request(app).get('/')).status).toBe(200);
  expect((await request(app).get('/readyz')).status).toBe(200);
  expect((await request(app).get('/nowhere')).status).toBe(404);
  expect((await request(app).delete('/tasks')).status).toBe(405);
});

describe('internal routes', () => {
  const claim = (header?: string) => {
    const asked = request(app).post('/internal/jobs/claims');
    return header === undefined ? asked : asked.set('X-Service-Token', header);
  };

  it.each([undefined, '', 'x', 'y'.repeat(32), `${SERVICE_TOKEN}x`])('refuse %s', async (header) => {
    expect((await claim(header)).status).toBe(403);
  });

  it('refuse people, whatever their scopes', async () => {
    const token = await issuer.token({ scope: 'tasks:read tasks:write jobs:admin service' });
    expect((await claim().set('Authorization', `Bearer ${token}`)).status).toBe(403);
  });

  it('know who calls, and on whose behalf', async () => {
    expect((await claim(SERVICE_TOKEN)).body).toEqual({ owner: null });
    expect((await claim(`${SERVICE_TOKEN} https%3A%2F%2Fa%20ad%C3%A4`)).body).toEqual({
      owner: 'https://a adä',
    });
  });

  it('give a service no access to what belongs to people', async () => {
    const { status } = await request(app).get('/tasks').set('X-Service-Token', `${SERVICE_TOKEN} ada`);
    expect(status).toBe(401);
  });
});

it('is unavailable until the issuer has answered once, and does not send clients to sign in again', async () => {
  const token = await issuer.token({ scope: 'tasks:read' });
  issuer.answers(false);
  const another = createApp();
  const { status, headers } = await get(token, another);
  expect({ status, retry: headers['retry-after'] }).toEqual({ status: 503, retry: '1' });
  issuer.answers(true);
  expect((await get(token, another)).status).toBe(200);
});

it('takes the keys from AUTH_JWKS_URL, if it is set', async () => {
  const another = createApp({ AUTH_JWKS_URL: `${issuer.url}/keys`, AUTH_ISSUER: 'https://login.test' });
  const token = await issuer.token({ iss: 'https://login.test', scope: 'tasks:read' });
  expect((await get(token, another)).status).toBe(200);
});

it('rejects another issuer’s discovery document', async () => {
  const another = createApp({ AUTH_ISSUER: `${issuer.url}/` });
  expect(
    (await get(await issuer.token({ iss: `${issuer.url}/`, scope: 'tasks:read' }), another)).status,
  ).toBe(503);
});

it('does not start with a route without a rule, or with a nested router', () => {
  expect(() =>
    createApp(
      {},
      Router().get('/new', () => undefined),
    ),
  ).toThrow('GET /new must have exactly one rule');
  expect(() => createApp({}, Router().use(Router().get('/tasks', () => undefined)))).toThrow(
    'inline its routes',
  );
});

it('checks nothing while it is off, and says so', async () => {
  const { logger, lines } = recordingLogger();
  const auth = createAuthentication({ AUTH_MODE: 'off' }, logger);
  expect(auth).toBeUndefined();
  expect(lines).toEqual([
    expect.objectContaining({ msg: expect.stringContaining('AUTH_MODE=off') as string }),
  ]);
  const open = createHttpApp({ ...basics('a-1'), service: 'a', routes: [makeRoutes()], auth });
  expect((await request(open).get('/tasks')).body).toEqual({ owner: null });
});
