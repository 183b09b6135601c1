import { setTimeout as sleep } from 'node:timers/promises';
import { createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import type { Logger } from '../../process/log/logger.js';
import { within } from '../../work/within.js';
import { Unavailable } from '../problem.js';
import type { FetchKeys } from './key-source.js';

export interface KeySetOptions {
  fetchKeys: FetchKeys;
  logger: Pick<Logger, 'warn'>;
  /** The minimum time between two fetches. Default 1,000 */
  cooldownMs?: number;
  /** How old keys get before they are fetched again; requests keep using them meanwhile. Default 600,000 */
  refreshAfterMs?: number;
  /** How many requests may wait for keys at once. Default 1,000 */
  waitingMax?: number;
  /** How long a request may wait for keys. Default 4,000, because its client must get an answer within 5 s. */
  patienceMs?: number;
}

/** After a background fetch has failed: the current keys stay in use. */
const RETRY_AFTER_MS = 10_000;

/**
 * The issuer's keys. jose has such a set (`createRemoteJWKSet`), but it refuses unknown keys during its cooldown, and refuses everything once its
 * keys are old and the issuer is down. Here, a token with an unknown key waits for a fetch that began after the token arrived, and all waiting
 * requests share that fetch. So a key rotation refuses no valid token, and tokens with made-up keys cost the issuer one request a second. Keys stay
 * in use until there are newer ones.
 *
 * @returns a function that throws Unavailable when the key is not known and the issuer does not respond
 */
export function createKeySet(options: KeySetOptions): JWTVerifyGetKey {
  const { fetchKeys, logger, cooldownMs = 1_000, refreshAfterMs = 600_000 } = options;
  const { waitingMax = 1_000, patienceMs = 4_000 } = options;
  let keys: { find: JWTVerifyGetKey; asOf: number } | undefined;
  let refreshAt = 0;
  let lastFetch = -Infinity;
  let fetching: Promise<void> | undefined;
  let waiting = 0;

  const fetchAfterCooldown = async () => {
    await sleep(Math.max(0, lastFetch + cooldownMs - performance.now()));
    lastFetch = performance.now();
    const asOf = lastFetch;
    keys = { find: createLocalJWKSet(await fetchKeys()), asOf };
    refreshAt = asOf + refreshAfterMs;
  };
  /** One at a time, shared by all callers. */
  const refresh = () => (fetching ??= fetchAfterCooldown().finally(() => (fetching = undefined)));

  const refreshForRequest = async (asked: number) => {
    if (waiting >= waitingMax)
      throw new Unavailable('Too many requests are waiting for the issuer’s keys. Try again in a moment.');
    waiting += 1;
    const leftMs = asked + patienceMs - performance.now();
    try {
      await within(leftMs, refresh(), () => new Error('the issuer did not respond in time'));
    } catch (error) {
      throw new Unavailable(
        'The access token cannot be checked: the issuer does not respond. Try again in a moment.',
        { cause: error },
      );
    } finally {
      waiting -= 1;
    }
  };
  const refreshInBackground = () => {
    refreshAt = performance.now() + RETRY_AFTER_MS;
    refresh().catch((error: unknown) =>
      logger.warn({ err: error }, 'the issuer does not respond: its previous keys stay in use'),
    );
  };

  return async (header, token) => {
    const asked = performance.now();
    for (;;) {
      if (keys && performance.now() > refreshAt) refreshInBackground();
      try {
        if (keys) return await keys.find(header, token);
      } catch (error) {
        const isUnknown = error instanceof errors.JWKSNoMatchingKey;
        if (!isUnknown || (keys && keys.asOf >= asked)) throw error;
      }
      await refreshForRequest(asked);
    }
  };
}
