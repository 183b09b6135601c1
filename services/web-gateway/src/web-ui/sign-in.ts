import type { ServiceConfig } from '@millrace/chassis/process';
import { SCOPES, type SignInSettings } from '@millrace/contracts';
import type { z } from 'zod';
import type { configSchema } from '../config.js';

type Config = ServiceConfig & Pick<z.infer<typeof configSchema>, 'AUTH_CLIENT_ID' | 'AUTH_PARAMETERS'>;

/** `profile` is for the name to show. The issuer grants those of the others that the user has. */
const DEFAULT_SCOPE = ['openid', 'profile', ...Object.keys(SCOPES)].join(' ');

/** @returns undefined with AUTH_MODE=off: there is nothing to sign in to */
export function signInSettings(config: Config): SignInSettings | undefined {
  const { AUTH_MODE: mode, AUTH_ISSUER: issuer, AUTH_CLIENT_ID: client, AUTH_PARAMETERS: own } = config;
  if (mode === 'off' || issuer === undefined) return undefined;
  const parameters = new URLSearchParams({ scope: DEFAULT_SCOPE });
  new URLSearchParams(own).forEach((value, name) => parameters.set(name, value));
  return { issuer, client: client ?? null, parameters: parameters.toString() };
}
