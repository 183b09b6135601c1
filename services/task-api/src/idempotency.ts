import { createHash } from 'node:crypto';
import { HttpProblem } from '@millrace/chassis';
import type { Postgres, Queryable } from '@millrace/chassis/postgres';

export const KEY_LIFETIME_HOURS = 24;

/** A hash of anything that JSON can tell, and of bytes. */
export function fingerprint(...parts: unknown[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(Buffer.isBuffer(part) ? part : JSON.stringify(part)).update('\0');
  return hash.digest('base64url');
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
  request: { key: string; fingerprint: string },
  create: (tx: Queryable) => Promise<Answer>,
): Promise<Answer> {
  return db.transaction(async (tx) => {
    const inserted = await tx.query(
      'INSERT INTO idempotency_keys (key, fingerprint) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING key',
      [request.key, request.fingerprint],
    );
    if (inserted.length === 0) {
      const [first] = await tx.query<{ fingerprint: string; answer: Answer }>(
        'SELECT fingerprint, answer FROM idempotency_keys WHERE key = $1',
        [request.key],
      );
      if (first?.fingerprint !== request.fingerprint) {
        throw new HttpProblem(422, 'This Idempotency-Key was used for another request. Use a new one.');
      }
      return first.answer;
    }
    const answer = await create(tx);
    await tx.query('UPDATE idempotency_keys SET answer = $2 WHERE key = $1', [
      request.key,
      JSON.stringify(answer),
    ]);
    return answer;
  });
}

/** Forgets keys that are too old to be repeated. */
export async function forgetOldKeys(db: Queryable): Promise<void> {
  await db.query(`DELETE FROM idempotency_keys WHERE created_at < now() - $1 * interval '1 hour'`, [
    KEY_LIFETIME_HOURS,
  ]);
}
