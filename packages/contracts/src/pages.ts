import { z } from 'zod';

/** The pages of the web UI, each at /ui/:page. */
export const pageSchema = z.enum(['tasks', 'analyze', 'images', 'jobs', 'lab', 'users', 'system']);

export type Page = z.infer<typeof pageSchema>;
