import { randomUUID } from 'node:crypto';
import { IDEMPOTENCY_KEY } from '@millrace/contracts';
import type { Request, Response } from 'express';
import type { Handover } from './job-client.js';

/** Hands a job over, under the client's Idempotency-Key or a generated one, and responds 202 with the URL where it can be followed. */
export async function forwardJob(req: Request, res: Response, handover: Handover): Promise<void> {
  const accepted = await handover(req.get(IDEMPOTENCY_KEY) ?? randomUUID());
  res.status(202).location(accepted.status_url).json(accepted);
}
