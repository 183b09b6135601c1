import { z } from 'zod';
import { nonNegativeInteger, positiveInteger, redisUrl } from './config.js';

/** What a service with public routes reads from its environment, for limits by client. See packages/contracts/src/costs.ts. */
export const rateLimitConfig = z.object({
  /** What a client may spend per second in the long run, over all replicas of all services; 0: no limit. */
  RATE_LIMIT_PER_SECOND: nonNegativeInteger.default(0),
  /** What it may spend at once after a pause. */
  RATE_LIMIT_BURST: positiveInteger.default(1_000),
  /** Where it is counted, with a separate Redis user. */
  RATE_LIMIT_REDIS_URL: redisUrl.optional(),
});

export type RateLimitConfig = z.infer<typeof rateLimitConfig>;

/** The arguments of a refinement: a limit that is not 0 needs a Redis. */
export function redisForLimit<Name extends string>(
  name: Name,
): [(config: Record<Name, number> & RateLimitConfig) => boolean, { path: string[]; when: () => boolean }] {
  return [
    (config) => !config[name] || config.RATE_LIMIT_REDIS_URL !== undefined,
    { path: ['RATE_LIMIT_REDIS_URL'], when: () => true },
  ];
}
