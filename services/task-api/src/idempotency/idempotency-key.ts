import { parseHeader } from '@millrace/chassis/http';
import { currentOwner } from '@millrace/chassis/process';
import { IDEMPOTENCY_KEY, idempotencyKeySchema } from '@millrace/contracts';
import type { Request } from 'express';
import { beginFingerprint, type KeyedRequest } from './keys.js';

/**
 * The request's Idempotency-Key, together with the owner, because two users may choose the same key. (A key contains no space, so this is
 * unambiguous.)
 *
 * @throws HttpProblem 400 when it is malformed
 */
export function idempotencyKeyOf(req: Request): string | undefined {
  const key = parseHeader(idempotencyKeySchema.optional(), IDEMPOTENCY_KEY, req.get(IDEMPOTENCY_KEY));
  const owner = currentOwner();
  return key === undefined || owner === null ? key : `${owner} ${key}`;
}

/** The request's identity by its key, if it has one. @param parts what it asks for */
export function keyedRequest(req: Request, ...parts: unknown[]): KeyedRequest | undefined {
  const key = idempotencyKeyOf(req);
  return key === undefined ? undefined : { key, fingerprint: beginFingerprint(...parts).end() };
}
