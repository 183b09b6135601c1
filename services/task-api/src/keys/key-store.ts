import { createApiKey, hashOfKey, prefixOfKey } from '@millrace/chassis/http';
import type { FindKey } from '@millrace/chassis/process';
import type { Postgres, Queryable } from '@millrace/chassis/stores/postgres';
import { coalesce, createWorkLimiter } from '@millrace/chassis/work';
import {
  type ApiKey,
  type CreatedKey,
  type CreateKey,
  type FoundKey,
  KEYS_PER_OWNER,
} from '@millrace/contracts';

import { isOf } from '../is-of.js';

/** API keys in PostgreSQL. */
export interface KeyStore {
  /** @returns the key, whose secret is stored nowhere; undefined when the owner already has the maximum number */
  create(key: CreateKey, owner: string): Promise<CreatedKey | undefined>;
  /** Newest first; expired ones stay until the next one is created, or `EXPIRED_KEY_DAYS` have passed. */
  list(owner: string): Promise<ApiKey[]>;
  /** @param owner null: any owner @returns the revoked key; undefined when there is no such key */
  revoke(id: string, owner: string | null): Promise<ApiKey | undefined>;
  find: FindKey;
}

type KeyRow = Omit<ApiKey, 'created_at' | 'expires_at'> & { created_at: Date; expires_at: Date };

const COLUMNS = 'id, name, prefix, scopes, created_at, expires_at';
/** Anybody can send made-up keys: lookups at the same time share a query, and use at most two connections. */
const FOUND_AT_ONCE = 200;
/** How many may wait to create a key, */
const CREATIONS_WAITING = 100;
/** and for how long, in ms. */
const CREATION_WAIT_MS = 1_500;

export function createKeyStore(db: Postgres): KeyStore {
  const find = coalesce<string, FoundKey | undefined>({
    async run(hashes) {
      const rows = await db.query<{ hash: string; owner: string; scopes: string[]; expires_at: Date }>(
        'SELECT hash, owner, scopes, expires_at FROM api_keys WHERE hash = ANY($1)',
        [hashes],
      );
      const found = new Map(
        rows.map(({ hash, expires_at, ...key }) => [hash, { ...key, expires_at: expires_at.toISOString() }]),
      );
      return hashes.map((hash) => found.get(hash));
    },
    maxItems: FOUND_AT_ONCE,
  });

  // An owner's creations wait for one another in PostgreSQL: all at once, they would keep the connections from everybody else.
  const creations = createWorkLimiter({ concurrency: 1, queueLimit: CREATIONS_WAITING });

  return {
    create({ name, scopes, expires_in_days: days }, owner) {
      const key = createApiKey();
      const insert = async (tx: Queryable) => {
        // One at a time for each owner, so that two requests cannot both create the last key.
        await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [owner]);
        await tx.query('DELETE FROM api_keys WHERE owner = $1 AND expires_at <= now()', [owner]);
        const [row] = await tx.query<KeyRow>(
          `INSERT INTO api_keys (owner, name, prefix, hash, scopes, expires_at)
           SELECT $1, $2, $3, $4, $5, now() + $6 * interval '1 day'
            WHERE (SELECT count(*) FROM api_keys WHERE owner = $1) < $7
           RETURNING ${COLUMNS}`,
          [owner, name, prefixOfKey(key), hashOfKey(key), [...new Set(scopes)], days, KEYS_PER_OWNER],
        );
        return row && { ...toKey(row), key };
      };
      return creations.run(() => db.transaction(insert), { waitMs: CREATION_WAIT_MS });
    },

    async list(owner) {
      const rows = await db.query<KeyRow>(
        `SELECT ${COLUMNS} FROM api_keys WHERE owner = $1 ORDER BY id DESC LIMIT $2`,
        [owner, KEYS_PER_OWNER],
      );
      return rows.map(toKey);
    },

    async revoke(id, owner) {
      const rows = await db.query<KeyRow>(
        `DELETE FROM api_keys WHERE id = $1 AND ${isOf('$2')} RETURNING ${COLUMNS}`,
        [id, owner],
      );
      return rows.map(toKey)[0];
    },

    find,
  };
}

/** For how long somebody can see that a key of theirs has expired. */
export const EXPIRED_KEY_DAYS = 30;
const FORGET_BATCH = 1_000;

/** Deletes a batch of the keys that expired long ago, also those of people who never come back. @returns whether there may be more */
export async function forgetExpiredApiKeys(db: Queryable): Promise<boolean> {
  const forgotten = await db.query(
    `DELETE FROM api_keys
      WHERE id IN (SELECT id FROM api_keys
                    WHERE expires_at < now() - $1 * interval '1 day'
                    LIMIT $2 FOR UPDATE SKIP LOCKED)
      RETURNING id`,
    [EXPIRED_KEY_DAYS, FORGET_BATCH],
  );
  return forgotten.length === FORGET_BATCH;
}

function toKey({ created_at, expires_at, ...key }: KeyRow): ApiKey {
  return { ...key, created_at: created_at.toISOString(), expires_at: expires_at.toISOString() };
}
