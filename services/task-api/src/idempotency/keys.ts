import { createHash, type Hash } from 'node:crypto';
import { HttpProblem, Unavailable } from '@millrace/chassis/http';
import type { Postgres, Queryable } from '@millrace/chassis/stores/postgres';
import { within } from '@millrace/chassis/work';

export const KEY_LIFETIME_HOURS = 24;

/** A hash of anything that JSON can express. */
export function fingerprint(...parts: unknown[]): string {
  return hashOf(parts).digest('base64url');
}

/** A hash of anything that JSON can express, followed by bytes as they arrive. */
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

/** A request that identifies itself. */
export interface KeyedRequest {
  key: string;
  fingerprint: string;
}

interface KeyRow<Answer> {
  fingerprint: string;
  answer: Answer | null;
}

/** How long a request waits for an earlier one with its key. */
const WAIT_MS = 1_500;

/** The requests that are in progress in this replica, by their keys. */
const inProgress = new Map<string, { fingerprint: string; answer: Promise<object> }>();

/**
 * Runs `create` in a transaction, once for each key: when repeated with the same fingerprint, it returns the first response and does
 * nothing; while the first request is running, the second waits for it. Of the requests with a key, one has a connection: an image takes a
 * while to be written, and others with its key would otherwise wait for that in PostgreSQL, with all connections there are.
 *
 * @returns the response, the first one's if there was one
 * @throws HttpProblem 422 when the key was used for a different request; Unavailable when the first request takes too long
 */
export async function oncePerKey<Answer extends object>(
  db: Postgres,
  request: KeyedRequest,
  create: (tx: Queryable) => Promise<Answer>,
): Promise<Answer> {
  const { key, fingerprint } = request;
  const giveUpAt = performance.now() + WAIT_MS;
  for (let first = inProgress.get(key); first; first = inProgress.get(key)) {
    // When it has failed, this one may be the first.
    const outcome = first.answer.catch(() => undefined);
    const answer = await within(giveUpAt - performance.now(), outcome, tooLate);
    const known = answer && answerOf({ ...first, answer: answer as Answer }, request);
    if (known) return known;
  }
  const answer = runOnce(db, request, create).finally(() => inProgress.delete(key));
  inProgress.set(key, { fingerprint, answer });
  return answer;
}

const tooLate = () =>
  new Unavailable(
    'An earlier request with this Idempotency-Key is still in progress. Try again in a moment.',
  );

function runOnce<Answer extends object>(
  db: Postgres,
  request: KeyedRequest,
  create: (tx: Queryable) => Promise<Answer>,
): Promise<Answer> {
  return db.transaction(async (tx) => {
    // One statement, because the key could be deleted between two: the update changes nothing, but locks the existing row.
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
 * The response to an earlier, identical request, if it has been answered.
 *
 * @throws HttpProblem 422 when the key was used for a different request
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

/** Other transactions only see a key together with its response: a key without one was inserted by this transaction. */
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

/** Deletes a batch of expired keys, and skips those that are in use at the moment. @returns whether there may be more */
export async function forgetOldKeys(db: Queryable): Promise<boolean> {
  const forgotten = await db.query(
    `DELETE FROM idempotency_keys
      WHERE key IN (SELECT key FROM idempotency_keys
                     WHERE created_at < now() - $1 * interval '1 hour'
                     ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)
      RETURNING key`,
    [KEY_LIFETIME_HOURS, FORGET_BATCH],
  );
  return forgotten.length === FORGET_BATCH;
}
