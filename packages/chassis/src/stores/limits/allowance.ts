import type { Allowance } from '../../http/limits/allowance.js';
import { tally } from '../../telemetry/metrics.js';
import type { Redis } from '../redis/client.js';
import { createAccounts } from './accounts.js';
import { askRedis } from './gcra.js';

export interface AllowanceOptions {
  /** In the header fields, and in the keys: `limit:<name>:<client>`. */
  name: string;
  /** What a client may spend per second in the long run. */
  perSecond: number;
  /** What it may spend at once after a pause. A single request is always possible then. */
  burst: number;
  /** The unit (draft-ietf-httpapi-ratelimit-headers): `requests`, `content-bytes`. */
  unit: 'requests' | 'content-bytes';
}

const countRefused = tally(
  {
    name: 'rate_limit_refused_total',
    help: 'Requests refused because the allowance of the client was used up.',
  },
  { label: 'limit' },
);
const countUnchecked = tally(
  {
    name: 'rate_limit_unchecked_total',
    help: 'Requests allowed without a limit check, because Redis did not respond.',
  },
  { label: 'limit' },
);

/** @param redis with a short time limit for its commands: a hanging Redis delays nobody for longer */
export function createAllowance(redis: Redis | Promise<Redis>, options: AllowanceOptions): Allowance {
  const { name, perSecond, burst, unit } = options;
  countRefused(name, 0);
  countUnchecked(name, 0);
  const msFor = (amount: number) => (amount / perSecond) * 1_000;
  const policy = `"${name}";q=${burst};w=${Math.ceil(burst / perSecond)};qu="${unit}"`;
  const rate = `${perSecond} ${unit} a second`;
  const burstMs = msFor(burst);
  const accounts = createAccounts({ burstMs, ask: askRedis(redis, name, burstMs) });

  return {
    async spend(client, cost) {
      const costMs = Math.min(msFor(cost), burstMs);
      const verdict = await accounts.spend(client, costMs);
      if (!verdict) {
        countUnchecked(name);
        return undefined;
      }
      const { isAllowed, fullInMs } = verdict;
      if (!isAllowed) countRefused(name);
      const waitSeconds = isAllowed ? 0 : Math.max(1, Math.ceil((fullInMs + costMs - burstMs) / 1_000));
      const left = isAllowed ? Math.max(0, Math.floor(burst - (fullInMs / 1_000) * perSecond)) : 0;
      const seconds = isAllowed ? Math.ceil(fullInMs / 1_000) : waitSeconds;
      return { isAllowed, waitSeconds, rate, policy, left: `"${name}";r=${left};t=${seconds}` };
    },
  };
}
