import { z } from 'zod';
import { PAGE_LIMIT } from './constants.js';

/**
 * Keyset pagination, newest first. Ids are UUIDv7, so they sort by creation time. The cursor is the last id of the previous page; clients
 * get it in the response's `Link: …; rel="next"` header.
 */
export const pageQuerySchema = z.strictObject({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(PAGE_LIMIT.max)
    .default(PAGE_LIMIT.default)
    .meta({ description: 'The maximum number of rows on a page.' }),
  cursor: z
    .uuid('must be a cursor from a Link header')
    .optional()
    .meta({ description: 'Taken from the `Link` header of the previous page.' }),
});

export type PageQuery = z.infer<typeof pageQuerySchema>;
