import type { SpanDescription } from '@millrace/tracing';
import type { Allowance } from '../../http/limits/allowance.js';
import { tally } from '../../telemetry/metrics.js';
import { inSpan } from '../../telemetry/spans.js';
import type { Redis } from '../redis/client.js';

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

/**
 * The generic cell rate algorithm (ITU-T I.371). A key holds the time at which the allowance will be full again: spending moves it on, but
 * no further ahead than the duration of a burst, after which the key is gone. All times in ms, by Redis' clock.
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
const countUnchecked = tally(
  {
    name: 'rate_limit_unchecked_total',
    help: 'Requests that went on without a check of their limit because Redis did not answer.',
  },
  { label: 'limit' },
);

/** While Redis does not answer, one request asks it this often, and the others do not wait for it. */
const PAUSE_MS = 1_000;

/** @param redis with a short time limit for its commands: a hanging Redis delays nobody for longer */
export function createAllowance(redis: Redis | Promise<Redis>, options: AllowanceOptions): Allowance {
  const { name, perSecond, burst, unit } = options;
  countRefused(name, 0);
  countUnchecked(name, 0);
  const msFor = (amount: number) => (amount / perSecond) * 1_000;
  const policy = `"${name}";q=${burst};w=${Math.ceil(burst / perSecond)};qu="${unit}"`;
  const rate = `${perSecond} ${unit} a second`;

  const ask = (client: string, cost: number) =>
    inSpan(describeCall, name, async () => {
      const answer = await (await redis).eval(GCRA, 1, `limit:${name}:${client}`, msFor(cost), msFor(burst));
      return answer as [allowed: 0 | 1, ms: number];
    });

  let askAgainAt: number | undefined;
  const askIfThere = async (client: string, cost: number) => {
    const now = performance.now();
    if (askAgainAt !== undefined) {
      if (now < askAgainAt) return undefined;
      askAgainAt = now + PAUSE_MS;
    }
    try {
      const answer = await ask(client, cost);
      askAgainAt = undefined;
      return answer;
    } catch {
      askAgainAt = now + PAUSE_MS;
      return undefined;
    }
  };

  return {
    async spend(client, cost) {
      const answer = await askIfThere(client, cost);
      if (!answer) {
        countUnchecked(name);
        return undefined;
      }
      const [allowed, ms] = answer;
      const seconds = Math.ceil(ms / 1_000);
      const left = allowed ? Math.max(0, Math.floor(burst - (ms / 1_000) * perSecond)) : 0;
      if (!allowed) countRefused(name);
      return {
        isAllowed: allowed === 1,
        waitSeconds: allowed ? 0 : seconds,
        rate,
        policy,
        left: `"${name}";r=${left};t=${seconds}`,
      };
    },
  };
}

function describeCall(name: string): SpanDescription {
  const attributes = { 'db.system.name': 'redis', 'db.operation.name': 'EVAL' };
  return { name: `EVAL limit ${name}`, kind: 'client', attributes };
}
