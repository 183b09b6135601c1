import { parseHeader } from '@millrace/chassis';
import { IDEMPOTENCY_KEY, idempotencyKeySchema } from '@millrace/contracts';
import type { Request } from 'express';

/** The request's Idempotency-Key. @throws HttpProblem 400 when it is malformed */
export function idempotencyKeyOf(req: Request): string | undefined {
  return parseHeader(idempotencyKeySchema.optional(), IDEMPOTENCY_KEY, req.get(IDEMPOTENCY_KEY));
}
