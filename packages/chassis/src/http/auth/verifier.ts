import { SCOPES } from '@millrace/contracts';
import { errors, jwtVerify, type JWTPayload } from 'jose';
import type { Logger } from '../../process/log/logger.js';
import { HttpProblem } from '../problem.js';
import { createKeySet } from './key-set.js';
import { createKeySource } from './key-source.js';
import { tokenInvalid } from './refusals.js';
import type { Verify } from './token-cache.js';

export interface VerifierOptions {
  issuer: string;
  audience: string;
  /** Default: as the issuer's discovery document says. */
  jwksUrl?: string | undefined;
  logger: Logger;
}

/** Asymmetric only: with a shared secret, or without a signature (`none`), others could create tokens. */
const ALGORITHMS = ['ES256', 'RS256', 'EdDSA'];
/** How much clocks may differ. */
const CLOCK_TOLERANCE_SECONDS = 5;
/** OpenID Connect Core, section 2, but in any script: only what both PostgreSQL and a header can carry, so that two subjects cannot become one. */
const SUBJECT = /^[^\p{Cc}\p{Cs}]{1,255}$/u;

/** Verifies JWT access tokens: signature, issuer, audience, times. */
export function createVerifier({ issuer, audience, jwksUrl, logger }: VerifierOptions): Verify {
  const keyFor = createKeySet({ fetchKeys: createKeySource({ issuer, jwksUrl }), logger });
  const options = {
    issuer,
    audience,
    algorithms: ALGORITHMS,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    requiredClaims: ['exp', 'sub'],
  };
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keyFor, options);
      const { exp = 0 } = payload;
      const sub: unknown = payload.sub;
      // A number, or a list of one, would be read as text, and be somebody else.
      if (typeof sub !== 'string' || !SUBJECT.test(sub))
        throw new errors.JWTInvalid('sub is empty, too long or not text');
      return {
        // Subjects are only unique within their issuer. A URL contains no space.
        owner: `${issuer} ${sub}`,
        scopes: scopesOf(payload),
        expiresAt: exp * 1_000,
      };
    } catch (error) {
      if (error instanceof HttpProblem) throw error;
      throw tokenInvalid(reasonOf(error), error);
    }
  };
}

/**
 * `scope` (RFC 9068, section 2.2.3), or `scp`, as Microsoft and Okta name it. Only those that this product knows: a provider may grant
 * thousands, and they are cached with each token.
 */
function scopesOf({ scope, scp }: JWTPayload): ReadonlySet<string> {
  const listed: unknown = scope ?? scp;
  const given = new Set<unknown>(
    typeof listed === 'string' ? listed.split(' ') : Array.isArray(listed) ? listed : [],
  );
  return new Set(Object.keys(SCOPES).filter((name) => given.has(name)));
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'The access token has expired.';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return 'The access token is meant for another audience.';
    if (error.claim === 'iss') return 'The access token is from another issuer.';
    if (error.claim === 'nbf') return 'The access token is not valid yet.';
  }
  return 'The access token is not valid.';
}
