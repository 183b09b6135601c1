import { timingSafeEqual } from 'node:crypto';
import { SERVICE_TOKEN } from '@millrace/contracts';
import { currentContext, type Principal } from './request-context.js';

const NO_SCOPES: ReadonlySet<string> = new Set();

/** The header that tells another service who calls, and on whose behalf. */
export function serviceTokenHeader(token: string): Record<string, string> {
  const owner = currentContext()?.principal?.owner;
  return { [SERVICE_TOKEN]: owner === undefined ? token : `${token} ${encodeURIComponent(owner)}` };
}

/** @param value of the header @returns undefined when the token is missing or wrong */
export function servicePrincipal(value: string | undefined, token: string): Principal | undefined {
  const [given = '', owner] = value?.split(' ', 2) ?? [];
  if (!areEqual(given, token)) return undefined;
  return { owner: owner === undefined ? undefined : decodeURIComponent(owner), scopes: NO_SCOPES };
}

function areEqual(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}
