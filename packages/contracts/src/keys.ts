import { z } from 'zod';
import { type Scope, SCOPES } from './access.js';
import { nonBlankText } from './text.js';

/** How many keys a user may have. */
export const KEYS_PER_OWNER = 20;
export const KEY_DAYS = { default: 90, max: 365 } as const;

/** A key cannot create other keys, so a stolen one is useless once it is revoked. */
export const KEY_SCOPES = Object.keys(SCOPES).filter((scope) => scope !== 'keys:manage') as Scope[];

const keyScopeSchema = z.enum(KEY_SCOPES);

export const createKeySchema = z.strictObject({
  name: nonBlankText(100).meta({ description: 'What the key is for.' }),
  scopes: z
    .array(keyScopeSchema)
    .min(1)
    .max(KEY_SCOPES.length)
    .meta({ description: 'What it allows: never more than the access token of this request.' }),
  expires_in_days: z.int().min(1).max(KEY_DAYS.max).default(KEY_DAYS.default),
});

const key = {
  id: z.uuid(),
  name: z.string(),
  prefix: z.string().meta({ description: 'How the key begins.' }),
  scopes: z.array(z.string()),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
};
export const keySchema = z.object(key).meta({ id: 'ApiKey' });

export const createdKeySchema = z
  .object({ ...key, key: z.string().meta({ description: 'The key itself. It is shown only here.' }) })
  .meta({ id: 'CreatedApiKey' });

export const listKeysQuerySchema = z.strictObject({
  subject: nonBlankText(255).optional().meta({
    description: 'The `sub` of the user whose keys to list; other users’ keys require `jobs:admin`.',
  }),
});

/** Between services: what is known about a key. */
export const foundKeySchema = z.object({
  owner: z.string(),
  scopes: z.array(z.string()),
  expires_at: z.iso.datetime(),
});

export type ApiKey = z.infer<typeof keySchema>;
export type CreateKey = z.infer<typeof createKeySchema>;
export type CreatedKey = z.infer<typeof createdKeySchema>;
export type FoundKey = z.infer<typeof foundKeySchema>;
