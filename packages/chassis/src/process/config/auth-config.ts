import type { FoundKey } from '@millrace/contracts';
import { z } from 'zod';

const httpUrl = z.url({ protocol: /^https?$/, error: 'must be a URL such as https://login.example.com' });

/** Who may call a service. See http/auth. */
export const authConfig = z.object({
  /** `off`: everyone who can reach the service may do everything. `jwt`: only with an access token of AUTH_ISSUER. */
  AUTH_MODE: z
    .enum(['off', 'jwt'], 'must be jwt (sign-in is required) or off (everyone may do everything)')
    .default('off'),
  /** The OpenID Connect issuer, exactly as its tokens have it in `iss`. */
  AUTH_ISSUER: httpUrl.max(500).optional(),
  /** What tokens must have in `aud`: this product. */
  AUTH_AUDIENCE: z.string().min(1).optional(),
  /** Where the issuer's public keys are. Default: as its discovery document says. */
  AUTH_JWKS_URL: httpUrl.optional(),
  /** The secret by which the services recognize each other; the same for all of them. */
  SERVICE_TOKEN: z
    .string()
    .regex(/^[\w-]{32,}$/, 'must be at least 32 characters out of A-Z, a-z, 0-9, _ and -')
    .optional(),
});

export type AuthConfig = z.infer<typeof authConfig>;

/** Looks an API key up by its hash. @throws Unavailable when that cannot be done */
export type FindKey = (hash: string) => Promise<FoundKey | undefined>;

/** The arguments of a refinement: with AUTH_MODE=jwt, this must be set, too. */
export function neededForJwt(
  name: 'AUTH_ISSUER' | 'AUTH_AUDIENCE' | 'SERVICE_TOKEN',
): [(config: AuthConfig) => boolean, { path: string[]; when: () => boolean }] {
  return [
    (config) => config.AUTH_MODE !== 'jwt' || config[name] !== undefined,
    // Also when there are other problems: all are reported at once.
    { path: [name], when: () => true },
  ];
}
