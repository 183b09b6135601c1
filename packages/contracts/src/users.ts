import { z } from 'zod';
import { emailSchema } from './email.js';
import { nonBlankText } from './text.js';

export const userSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    email: z.string(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'User' });

export const registerUserSchema = z.strictObject({
  name: nonBlankText(200),
  email: emailSchema.meta({
    description:
      'An email address in any script; each belongs to one user. Case and the spelling of the domain (`exämple.de`, `xn--exmple-cua.de`) make no difference. Surrounding white space is ignored.',
  }),
});

export type User = z.infer<typeof userSchema>;
export type RegisterUser = z.infer<typeof registerUserSchema>;
