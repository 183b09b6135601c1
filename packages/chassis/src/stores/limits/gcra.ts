import type { SpanDescription } from '@millrace/tracing';
import { inSpan } from '../../telemetry/spans.js';
import type { Redis } from '../redis/client.js';
import type { Ask, Verdict } from './accounts.js';

/**
 * The generic cell rate algorithm (ITU-T I.371). A key holds the time at which the allowance will be full again: spending moves it forward, but
 * no further than the duration of a burst, after which the key expires. All times are in ms, by Redis's clock. What has already been spent
 * always counts.
 */
const GCRA = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
local cost, spent, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local ahead = math.max(tonumber(redis.call('GET', KEYS[1]) or now) - now, 0) + spent
local allowed = ahead + cost <= burst
if allowed then ahead = ahead + cost end
if ahead > 0 and (allowed or spent > 0) then
  redis.call('SET', KEYS[1], string.format('%.3f', now + ahead), 'PX', math.ceil(ahead))
end
return {allowed and 1 or 0, math.floor(ahead)}`;

/** While Redis does not answer, one request asks it this often, and the others do not wait for it. */
const PAUSE_MS = 1_000;

/** Counts in Redis, under `limit:<name>:<client>`. There is no answer while Redis does not respond. */
export function askRedis(redis: Redis | Promise<Redis>, name: string, burstMs: number): Ask {
  const evaluate = async (client: string, costMs: number, spentMs: number): Promise<Verdict> => {
    const args = [`limit:${name}:${client}`, costMs, spentMs, burstMs];
    const [allowed, fullInMs] = (await (await redis).eval(GCRA, 1, ...args)) as [0 | 1, number];
    return { isAllowed: allowed === 1, fullInMs };
  };
  let askAgainAt: number | undefined;
  return async (client, costMs, spentMs) => {
    const now = performance.now();
    if (askAgainAt !== undefined) {
      if (now < askAgainAt) return undefined;
      askAgainAt = now + PAUSE_MS;
    }
    try {
      const verdict = await inSpan(describeCall, name, () => evaluate(client, costMs, spentMs));
      askAgainAt = undefined;
      return verdict;
    } catch {
      askAgainAt = now + PAUSE_MS;
      return undefined;
    }
  };
}

function describeCall(name: string): SpanDescription {
  const attributes = { 'db.system.name': 'redis', 'db.operation.name': 'EVAL' };
  return { name: `EVAL limit ${name}`, kind: 'client', attributes };
}
