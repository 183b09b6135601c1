import { z } from 'zod';
import { nonBlankText } from './text.js';

export const userSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    email: z.string(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'User' });

/** E-mail addresses are one user each, whatever their case; 254 is the longest that SMTP carries (RFC 5321, erratum 1690). */
export const registerUserSchema = z.strictObject({
  name: nonBlankText(200),
  email: z
    .email('must be an e-mail address, such as alice@example.com')
    .max(254)
    .meta({ description: 'One user each, whatever its case.' }),
});

export type User = z.infer<typeof userSchema>;
export type RegisterUser = z.infer<typeof registerUserSchema>;
