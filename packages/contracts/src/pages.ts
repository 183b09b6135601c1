import { z } from 'zod';
import { PAGES } from './constants.js';

export const pageSchema = z.enum(PAGES);

export type PageName = z.infer<typeof pageSchema>;
