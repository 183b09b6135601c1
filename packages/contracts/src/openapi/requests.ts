import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { IDEMPOTENCY_KEY } from '../constants.js';
import { idempotencyKeySchema } from '../jobs.js';

/** A body that a service parses with this same schema. */
export function jsonBody(schema: z.ZodType, example: unknown): NonNullable<RouteConfig['request']> {
  return { body: { required: true, content: { 'application/json': { schema, example } } } };
}

export const idempotencyHeader = z.object({ [IDEMPOTENCY_KEY]: idempotencyKeySchema.optional() });
