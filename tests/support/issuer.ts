import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

/** The parts of an OpenID Connect issuer that a resource server uses: a discovery document, public keys, and tokens. */
export interface Issuer {
  url: string;
  /** How often its keys were fetched. */
  readonly fetches: number;
  /** A token for an hour, signed with the current key. Claims that are undefined are left out. */
  token(claims?: JWTPayload & { scope?: string }): Promise<string>;
  /** Signs with a new key from now on, which is published at once. */
  rotate(): Promise<void>;
  /** Whether it responds. Default: yes. */
  answers(isUp: boolean): void;
  stop(): Promise<void>;
}

export const AUDIENCE = 'https://millrace.test';

/** The keys of an issuer, wherever it publishes them. */
export interface Signer {
  /** What it publishes, by path: a discovery document and its public keys. */
  documents: Record<string, object>;
  token: Issuer['token'];
  rotate: Issuer['rotate'];
}

/** @param alg how it signs */
export async function createSigner(url: string, alg: 'ES256' | 'RS256' | 'EdDSA' = 'ES256'): Promise<Signer> {
  const published: JWK[] = [];
  let signing: { key: CryptoKey; kid: string };
  const rotate = async () => {
    const { publicKey, privateKey } = await generateKeyPair(alg);
    const kid = `key-${published.length + 1}`;
    published.push({ ...(await exportJWK(publicKey)), kid, alg, use: 'sig' });
    signing = { key: privateKey, kid };
  };
  await rotate();
  return {
    documents: {
      '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/keys` },
      '/keys': { keys: published },
    },
    token(claims = {}) {
      const now = Math.floor(Date.now() / 1_000);
      const standard = { iss: url, aud: AUDIENCE, sub: 'ada', iat: now, exp: now + 3_600 };
      return new SignJWT({ ...standard, ...claims })
        .setProtectedHeader({ alg, kid: signing.kid, typ: 'at+jwt' })
        .sign(signing.key);
    },
    rotate,
  };
}

/** @param alg how it signs */
export async function startIssuer(alg?: 'ES256' | 'RS256' | 'EdDSA'): Promise<Issuer> {
  let fetches = 0;
  let isUp = true;
  const server = createServer((request, response) => {
    if (request.url === '/keys') fetches += 1;
    const document = signer.documents[request.url ?? ''];
    response.writeHead(isUp && document ? 200 : 500, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(document ?? {}));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const signer = await createSigner(url, alg);

  return {
    url,
    get fetches() {
      return fetches;
    },
    token: signer.token,
    rotate: signer.rotate,
    answers: (value) => (isUp = value),
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
