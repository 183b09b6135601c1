import { hash } from 'node:crypto';
import type { Principal } from '../../process/context/request-context.js';

/** Who presents a token. */
export interface Verified extends Principal {
  expiresAt: number;
  /** How long that may be remembered. Default: 60,000 */
  keptMs?: number;
}

/** @throws HttpProblem 401 when the token is invalid; Unavailable when it cannot be checked */
export type Verify = (token: string) => Promise<Verified>;

/** Recently verified tokens: verifying every request would cost a third of a service's throughput. */
export interface TokenCache {
  find(token: string): Principal | undefined;
  verify: (token: string) => Promise<Principal>;
}

/** How long a token is accepted after its key has been withdrawn. */
const KEPT_MS = 60_000;
/** A token with its scopes takes about half a kilobyte. */
const TOKENS_MAX = 10_000;

/** @param load creates the verifier, when the first token arrives */
export function createTokenCache(load: () => Promise<Verify>, { tokensMax = TOKENS_MAX } = {}): TokenCache {
  // By hash, so that no token can be read from the memory of a process. In the order of verification.
  const known = new Map<string, { principal: Principal; until: number }>();
  let verifier: Promise<Verify> | undefined;
  const loaded = () =>
    (verifier ??= load().catch((error: unknown) => {
      verifier = undefined;
      throw error;
    }));

  return {
    find(token) {
      const key = keyOf(token);
      const found = known.get(key);
      if (!found) return undefined;
      if (found.until > Date.now()) return found.principal;
      known.delete(key);
      return undefined;
    },

    async verify(token) {
      const verify = await loaded();
      const { keptMs = KEPT_MS, ...principal } = await verify(token);
      if (known.size >= tokensMax) known.delete(known.keys().next().value!);
      known.set(keyOf(token), { principal, until: Math.min(principal.expiresAt, Date.now() + keptMs) });
      return principal;
    },
  };
}

function keyOf(token: string): string {
  return hash('sha256', token, 'base64url');
}
