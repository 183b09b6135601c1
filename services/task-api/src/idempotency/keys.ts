import { createHash, type Hash } from 'node:crypto';
import { HttpProblem } from '@millrace/chassis/http';
import type { Postgres, Queryable } from '@millrace/chassis/stores/postgres';

export const KEY_LIFETIME_HOURS = 24;

/** A hash of anything that JSON can tell. */
export function fingerprint(...parts: unknown[]): string {
  return hashOf(parts).digest('base64url');
}

/** A hash of anything that JSON can tell, and then of bytes as they come. */
export function beginFingerprint(...parts: unknown[]): { add: (bytes: Buffer) => void; end: () => string } {
  const hash = hashOf(parts);
  return {
    add: (bytes) => hash.update(bytes),
    end: () => hash.update('\0').digest('base64url'),
  };
}

function hashOf(parts: unknown[]): Hash {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(JSON.stringify(part)).update('\0');
  return hash;
}

/** A request that names itself. */
export interface KeyedRequest {
  key: string;
  fingerprint: string;
}

interface KeyRow<Answer> {
  fingerprint: string;
  answer: Answer | null;
}

/**
 * Runs `create` in a transaction, once for a key: repeated with the same fingerprint, it gives the first answer again
 * and does nothing; while the first is under way, the second waits for it.
 *
 * @returns the answer, the first one's if there was one
 * @throws HttpProblem 422 when the key was used for something else
 */
export function oncePerKey<Answer extends object>(
  db: Postgres,
  request: KeyedRequest,
  create: (tx: Queryable) => Promise<Answer>,
): Promise<Answer> {
  return db.transaction(async (tx) => {
    // One statement, as between two the key could be forgotten: the update changes nothing, but locks the row that is there.
    const [row] = await tx.query<KeyRow<Answer>>(
      `INSERT INTO idempotency_keys AS known (key, fingerprint) VALUES ($1, $2)
       ON CONFLICT (key) DO UPDATE SET fingerprint = known.fingerprint
       RETURNING fingerprint, answer`,
      [request.key, request.fingerprint],
    );
    const first = answerOf(row, request);
    if (first) return first;
    const answer = await create(tx);
    await tx.query('UPDATE idempotency_keys SET answer = $2 WHERE key = $1', [
      request.key,
      JSON.stringify(answer),
    ]);
    return answer;
  });
}

/**
 * The answer that was given to the same request before, if it has been answered.
 *
 * @throws HttpProblem 422 when the key was used for something else
 */
export async function earlierAnswer<Answer extends object>(
  db: Queryable,
  request: KeyedRequest,
): Promise<Answer | undefined> {
  const [row] = await db.query<KeyRow<Answer>>(
    'SELECT fingerprint, answer FROM idempotency_keys WHERE key = $1',
    [request.key],
  );
  return answerOf(row, request);
}

/** Others see a key together with its answer only: without one, the row is this transaction's own. */
function answerOf<Answer>(
  row: KeyRow<Answer> | undefined,
  { fingerprint }: KeyedRequest,
): Answer | undefined {
  if (row && row.fingerprint !== fingerprint) {
    throw new HttpProblem(422, 'This Idempotency-Key was used for another request. Use a new one.');
  }
  return row?.answer ?? undefined;
}

const FORGET_BATCH = 1_000;

/** Forgets keys that are too old to be repeated, some at a time, and leaves out those that are just being asked for. */
export async function forgetOldKeys(db: Queryable): Promise<void> {
  let forgotten: unknown[];
  do {
    forgotten = await db.query(
      `DELETE FROM idempotency_keys
        WHERE key IN (SELECT key FROM idempotency_keys
                       WHERE created_at < now() - $1 * interval '1 hour'
                       ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        RETURNING key`,
      [KEY_LIFETIME_HOURS, FORGET_BATCH],
    );
  } while (forgotten.length === FORGET_BATCH);
}
