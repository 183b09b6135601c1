import type { Allowance } from '../../http/limits/allowance.js';
import type { Logger } from '../../process/log/logger.js';
import type { RateLimitConfig } from '../../process/config/rate-limit-config.js';
import type { StoreTls } from '../../process/tls/tls.js';
import type { Redis } from '../redis/client.js';
import { type AllowanceOptions, createAllowance } from './allowance.js';

/** The limits of a service. Nothing connects to Redis while none is on. */
export interface RateLimits {
  /** For all of its routes; undefined while it is off. */
  requests: Allowance | undefined;
  /** Another one. @returns undefined when it is 0 per second */
  create(options: AllowanceOptions): Allowance | undefined;
  close(): Promise<void>;
}

/** How long a request waits for a Redis that hangs. */
const ANSWER_MS = 250;

/** @param tls how to reach Redis with TLS. Default: as its URL says */
export function createRateLimits(config: RateLimitConfig, logger: Logger, tls?: StoreTls): RateLimits {
  let redis: Promise<Redis> | undefined;
  const connect = async () => {
    // Loads a library that a service without limits may not need.
    const { connectRedis } = await import('../redis/client.js');
    // Separate from the connection for data, which may be busy with a large image. All questions of one turn of the event loop are sent at
    // once.
    const options = { commandTimeoutMs: ANSWER_MS, enableAutoPipelining: true, tls };
    return connectRedis(config.RATE_LIMIT_REDIS_URL!, logger, options);
  };
  const create = (options: AllowanceOptions) =>
    options.perSecond === 0 ? undefined : createAllowance((redis ??= connect()), options);
  return {
    requests: create({
      name: 'requests',
      perSecond: config.RATE_LIMIT_PER_SECOND,
      burst: config.RATE_LIMIT_BURST,
      unit: 'requests',
    }),
    create,
    close: async () => (await redis)?.disconnect(),
  };
}
