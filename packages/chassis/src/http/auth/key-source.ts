import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { JSONWebKeySet } from 'jose';
import { z } from 'zod';

/** Asks the issuer for its public keys. */
export type FetchKeys = () => Promise<JSONWebKeySet>;

/** For both documents together. */
const TIMEOUT_MS = 3_000;
const DOCUMENT_MAX_BYTES = 1024 * 1024;
const KEYS_MAX = 100;

const discoverySchema = z.object({ issuer: z.string().max(2_000), jwks_uri: z.url().max(2_000) });
const keysSchema = z.object({
  // The number is checked first, because the error has a line for every invalid key.
  keys: z
    .array(z.unknown())
    .max(KEYS_MAX)
    .pipe(z.array(z.looseObject({ kty: z.string() }))),
});

/** The discovery document says where the keys are (OpenID Connect Discovery 1.0, section 4), unless `jwksUrl` does. */
export function createKeySource({
  issuer,
  jwksUrl,
}: {
  issuer: string;
  jwksUrl?: string | undefined;
}): FetchKeys {
  let discovered: string | undefined;
  const discover = async (signal: AbortSignal) => {
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const document = discoverySchema.parse(await fetchJson(url, signal));
    // Section 4.3: otherwise, it could impersonate another issuer.
    if (document.issuer !== issuer)
      throw new Error(`the discovery document at AUTH_ISSUER belongs to ${document.issuer}`);
    return document.jwks_uri;
  };
  return async () => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    try {
      return keysSchema.parse(await fetchJson(jwksUrl ?? (discovered ??= await discover(signal)), signal));
    } catch (error) {
      // The keys may have moved.
      discovered = undefined;
      throw error;
    }
  };
}

async function fetchJson(url: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, { headers: { Accept: 'application/json' }, redirect: 'error', signal });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  if (!response.body) throw new Error(`${url} answered without a body`);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  // With a signal of its own: fetch may forget the one above as soon as its request has been garbage-collected, and read for ever.
  const body = Readable.fromWeb(response.body as ReadableStream<Uint8Array>, { signal });
  for await (const part of body as AsyncIterable<Uint8Array>) {
    bytes += part.length;
    if (bytes > DOCUMENT_MAX_BYTES) throw new Error(`${url} answered with more than a megabyte`);
    parts.push(part);
  }
  return JSON.parse(Buffer.concat(parts).toString());
}
