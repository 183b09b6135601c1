import type { FindKey } from '../../process/config/auth-config.js';
import { hashOfKey, isWellFormed } from './api-key.js';
import { tokenInvalid } from './refusals.js';
import type { Verify } from './token-cache.js';

/** How long a key still works after it has been revoked, */
const KEPT_MS = 10_000;
/** and how long event streams opened with it stay open. */
const STREAM_MS = 60_000;

/** Verifies API keys. @param options.issuer the issuer of their owners */
export function createKeyVerifier({ issuer, findKey }: { issuer: string; findKey: FindKey }): Verify {
  return async (key) => {
    const found = isWellFormed(key) ? await findKey(hashOfKey(key)) : undefined;
    if (!found?.owner.startsWith(`${issuer} `))
      throw tokenInvalid('Unknown API key: it is wrong, or has been revoked.');
    const expiresAt = Date.parse(found.expires_at);
    if (expiresAt <= Date.now()) throw tokenInvalid('The API key has expired.');
    return {
      owner: found.owner,
      scopes: new Set(found.scopes),
      expiresAt: Math.min(expiresAt, Date.now() + STREAM_MS),
      keptMs: KEPT_MS,
    };
  };
}
