import { z } from 'zod';
import { matching } from './text.js';

/** The longest address that SMTP carries, in bytes (RFC 5321, erratum 1690). */
const MAX_BYTES = 254;

/** Invisible characters are not part of an address. */
const UNSEEN = '\\s\\p{C}\\p{Z}\\p{Default_Ignorable_Code_Point}\\u2800';
// To the left of the @, anything but the `specials` of RFC 5322 (RFC 6531); to the right, the letters, digits and marks of IDNA, which
// knows three more kinds of full stop.
const ATOM = `[^${UNSEEN}()<>\\[\\]:;@\\\\,."]+`;
const DOMAIN = `(?:[^${UNSEEN}\\p{P}\\p{S}]|[\\-.\\u3002\\uff0e\\uff61])+`;
const ADDRESS = new RegExp(`^\\s*${ATOM}(?:\\.${ATOM})*@${DOMAIN}\\s*$`, 'u');

/** At least two labels, the last of which is not a number. */
const ASCII_DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})$/;

/** An email address in any script. White space around it is removed. */
export const emailSchema = matching(
  z.string().max(MAX_BYTES, { error: `must have at most ${MAX_BYTES} characters`, abort: true }),
  ADDRESS,
  { error: 'must be an email address, such as alice@example.com', abort: true },
)
  .trim()
  .normalize('NFC')
  .refine((email) => mailboxOf(email) !== undefined, {
    error: 'must have a valid domain, such as example.com',
    abort: true,
  })
  .refine(
    (email) => new TextEncoder().encode(mailboxOf(email)).length <= MAX_BYTES,
    `must have at most ${MAX_BYTES} bytes`,
  );

/**
 * What distinguishes mailboxes: the address in lower case, its domain as the DNS has it (`xn--…`).
 *
 * @param email matches `emailSchema`
 * @returns undefined when its domain cannot exist
 */
export function mailboxOf(email: string): string | undefined {
  const at = email.lastIndexOf('@');
  const url = `http://${email.slice(at + 1)}`;
  const domain = URL.canParse(url) ? new URL(url).hostname : '';
  return ASCII_DOMAIN.test(domain) ? `${email.slice(0, at).toLowerCase()}@${domain}` : undefined;
}
