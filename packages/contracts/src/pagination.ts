import { z } from 'zod';
import { PAGE_LIMIT } from './constants.js';

/**
 * Keyset paging, newest first. Ids are UUIDv7, so they sort by creation; the cursor is the last id of the page before
 * and comes ready-made in the answer's `Link: …; rel="next"` header.
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
