import { parseParam } from '@millrace/chassis';
import { IDEMPOTENCY_KEY, idempotencyKeySchema } from '@millrace/contracts';
import type { Request } from 'express';

/** The request's Idempotency-Key. @throws HttpProblem 400 when it is malformed */
export function idempotencyKeyOf(req: Request): string | undefined {
  const key = req.get(IDEMPOTENCY_KEY);
  return key === undefined ? undefined : parseParam(idempotencyKeySchema, IDEMPOTENCY_KEY, key);
}
