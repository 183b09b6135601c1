import { setTimeout as sleep } from 'node:timers/promises';
import { createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import type { Logger } from '../../process/log/logger.js';
import { Unavailable } from '../problem.js';
import type { FetchKeys } from './key-source.js';

export interface KeySetOptions {
  fetchKeys: FetchKeys;
  logger: Pick<Logger, 'warn'>;
  /** The least time between two fetches. Default 1,000 */
  cooldownMs?: number;
  /** How old keys get before they are fetched again, while requests go on with them. Default 600,000 */
  refreshAfterMs?: number;
  /** How many requests may wait for keys at once. Default 1,000 */
  waitingMax?: number;
}

/** After a fetch in the background has failed: the keys at hand go on. */
const RETRY_AFTER_MS = 10_000;

/**
 * The issuer's keys. jose has such a set (`createRemoteJWKSet`), which refuses a token while it must not fetch again, and everything once its keys
 * are old and the issuer is away. Here, a token with an unknown key waits for a fetch that began after it came, which all who wait share: a
 * rotation refuses no good token, and tokens with made-up keys cost the issuer a request a second. Keys stay until there are
 * newer ones.
 *
 * @returns a function that throws Unavailable when there is no answer from the issuer, and no key to do without
 */
export function createKeySet(options: KeySetOptions): JWTVerifyGetKey {
  const { fetchKeys, logger, cooldownMs = 1_000, refreshAfterMs = 600_000, waitingMax = 1_000 } = options;
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
  /** One at a time, for all who ask. */
  const refresh = () => (fetching ??= fetchAfterCooldown().finally(() => (fetching = undefined)));

  const refreshForRequest = async () => {
    if (waiting >= waitingMax)
      throw new Unavailable('Too many requests are waiting for the keys of access tokens.');
    waiting += 1;
    try {
      await refresh();
    } catch (error) {
      throw new Unavailable('The access token cannot be checked: the issuer does not answer.', {
        cause: error,
      });
    } finally {
      waiting -= 1;
    }
  };
  const refreshInBackground = () => {
    refreshAt = performance.now() + RETRY_AFTER_MS;
    refresh().catch((error: unknown) =>
      logger.warn({ err: error }, 'the issuer does not answer: its keys from before still count'),
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
      await refreshForRequest();
    }
  };
}
