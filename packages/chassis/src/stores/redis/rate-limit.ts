import { setTimeout as sleep } from 'node:timers/promises';
import { TooManyRequests } from '../../http/problem.js';
import { tally } from '../../telemetry/metrics.js';
import type { Redis } from './client.js';

export interface RateLimitOptions {
  /** In the header fields, and in the keys: `limit:<name>:<client>`. */
  name: string;
  /** What a client may spend per second in the long run; 0: no limit. */
  perSecond: number;
  /** What it may spend at once after a pause. A single request is always possible then. */
  burst: number;
  /** The unit (draft-ietf-httpapi-ratelimit-headers): `requests`, `content-bytes`. */
  unit: 'requests' | 'content-bytes';
}

/** Spends `cost` of a client's allowance, which all replicas share. */
export interface RateLimit {
  /**
   * @returns header fields for the response, which say what is left; none when there is no limit, or when Redis does not respond: it fails
   *   open
   * @throws TooManyRequests when too little is left, which says when to retry
   */
  spend(client: string, cost: number): Promise<Record<string, string>>;
}

/**
 * The generic cell rate algorithm (ITU-T I.371). A key holds the time at which the allowance will be full again: spending moves it on, but
 * no further ahead than the duration of a burst. All times in ms, by Redis' clock.
 */
const GCRA = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
local cost, tolerance = tonumber(ARGV[1]), tonumber(ARGV[2])
local whole = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + math.min(cost, tolerance)
local wait = whole - tolerance - now
if wait > 0 then return {0, math.ceil(wait)} end
redis.call('SET', KEYS[1], string.format('%.3f', whole), 'PX', math.ceil(whole - now))
return {1, math.ceil(whole - now)}`;

const countRefused = tally(
  { name: 'rate_limit_refused_total', help: 'Requests refused because the client had spent its allowance.' },
  { label: 'limit' },
);

/** A hanging Redis delays nobody for longer. */
const ANSWER_MS = 250;

export function createRateLimit(redis: Redis, options: RateLimitOptions): RateLimit {
  const { name, perSecond, burst, unit } = options;
  if (perSecond === 0) return { spend: () => Promise.resolve({}) };
  countRefused(name, 0);
  const msFor = (amount: number) => (amount / perSecond) * 1_000;
  const policy = `"${name}";q=${burst};w=${Math.ceil(burst / perSecond)};qu="${unit}"`;

  const ask = async (client: string, cost: number) => {
    const answer = redis.eval(GCRA, 1, `limit:${name}:${client}`, msFor(cost), msFor(burst));
    const late = new AbortController();
    try {
      const timer = sleep(ANSWER_MS, undefined, { signal: late.signal }).catch(() => undefined);
      return (await Promise.race([answer, timer])) as [allowed: 0 | 1, ms: number] | undefined;
    } catch {
      return undefined;
    } finally {
      late.abort();
      answer.catch(() => undefined);
    }
  };

  return {
    async spend(client, cost) {
      const [allowed, ms] = (await ask(client, cost)) ?? [];
      if (ms === undefined) return {};
      const seconds = Math.ceil(ms / 1_000);
      const left = allowed ? Math.max(0, Math.floor(burst - (ms / 1_000) * perSecond)) : 0;
      const headers = { 'RateLimit-Policy': policy, RateLimit: `"${name}";r=${left};t=${seconds}` };
      if (allowed) return headers;
      countRefused(name);
      throw new TooManyRequests(
        `Your address has sent more than the ${perSecond} ${unit} a second that it may. Try again in ${seconds} s.`,
        { retryAfterSeconds: seconds, headers },
      );
    },
  };
}
