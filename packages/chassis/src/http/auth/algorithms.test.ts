// How tokens may be signed, and that only the issuer can sign them.
import { Router } from 'express';
import { createLocalJWKSet, exportSPKI, type JSONWebKeySet, SignJWT } from 'jose';
import request from 'supertest';
import { AUDIENCE, type Issuer, startIssuer } from '../../../../../tests/support/issuer.js';
import { basics, silentLogger } from '../../../../../tests/support/service-basics.js';
import { createHttpApp } from '../app.js';
import { createAuthentication } from './authentication.js';

function createApp(issuer: Issuer) {
  const auth = createAuthentication(
    { AUTH_MODE: 'jwt', AUTH_ISSUER: issuer.url, AUTH_AUDIENCE: AUDIENCE, SERVICE_TOKEN: 'x'.repeat(32) },
    silentLogger(),
  );
  const routes = Router().get('/tasks', (_req, res) => void res.json({}));
  return createHttpApp({ ...basics('a-1'), service: 'a', routes: [routes], auth });
}

const claimsOf = (issuer: Issuer) => ({
  iss: issuer.url,
  aud: AUDIENCE,
  sub: 'eve',
  scope: 'tasks:read',
  exp: Math.floor(Date.now() / 1_000) + 60,
});
const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

describe.each(['ES256', 'RS256', 'EdDSA'] as const)('an issuer that signs with %s', (alg) => {
  let issuer: Issuer;
  let get: (token: string) => Promise<number>;
  beforeAll(async () => {
    issuer = await startIssuer(alg);
    const app = createApp(issuer);
    get = async (token) => (await request(app).get('/tasks').set('Authorization', `Bearer ${token}`)).status;
  });
  afterAll(() => issuer.stop());

  it('is trusted, also after a key rotation', async () => {
    expect(await get(await issuer.token({ scope: 'tasks:read' }))).toBe(200);
    await issuer.rotate();
    expect(await get(await issuer.token({ scope: 'tasks:read' }))).toBe(200);
  });

  it('is not trusted when the token has been changed', async () => {
    const [header, , signature] = (await issuer.token({ scope: '' })).split('.');
    expect(await get(`${header}.${encode(claimsOf(issuer))}.${signature}`)).toBe(401);
  });

  it('has a public key that does not work as a shared secret', async () => {
    const keys = (await (await fetch(`${issuer.url}/keys`)).json()) as JSONWebKeySet;
    const [jwk] = keys.keys;
    const kid = jwk!.kid!;
    const pem = await exportSPKI(await createLocalJWKSet(keys)({ alg, kid }));
    for (const secret of [pem, pem.trim(), JSON.stringify(jwk), jwk!.x ?? jwk!.n ?? '']) {
      const forged = await new SignJWT(claimsOf(issuer))
        .setProtectedHeader({ alg: 'HS256', kid })
        .sign(new TextEncoder().encode(secret));
      expect(await get(forged)).toBe(401);
    }
  });

  it.each(['none', 'None', 'NONE', ''])('is not trusted for tokens with the algorithm "%s"', async (none) => {
    const unsigned = `${encode({ alg: none, kid: 'key-1' })}.${encode(claimsOf(issuer))}`;
    expect(await get(`${unsigned}.`)).toBe(401);
    expect(await get(`${unsigned}.${encode({})}`)).toBe(401);
  });

  it('is not trusted for keys that are embedded in a token', async () => {
    const other = await startIssuer(alg);
    const [, , signature] = (await other.token(claimsOf(issuer))).split('.');
    const { keys } = (await (await fetch(`${other.url}/keys`)).json()) as JSONWebKeySet;
    for (const brought of [{ jwk: keys[0] }, { jku: `${other.url}/keys` }])
      expect(
        await get(`${encode({ alg, kid: 'key-1', ...brought })}.${encode(claimsOf(issuer))}.${signature}`),
      ).toBe(401);
    await other.stop();
  });
});
