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
      'An email address of any script, as one user’s only: neither its case nor the spelling of its domain (`exämple.de`, `xn--exmple-cua.de`) makes it another. White space around it is dropped.',
  }),
});

export type User = z.infer<typeof userSchema>;
export type RegisterUser = z.infer<typeof registerUserSchema>;
