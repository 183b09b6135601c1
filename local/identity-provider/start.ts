import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { localFolder } from '../paths.js';
import { assertPublicPort } from '../servers/ports.js';
import { systemEnvironment } from '../supervise/environment.js';
import { waitUntilReady } from '../supervise/readiness.js';
import { superviseProcess, type Surroundings } from '../supervise/supervised-process.js';

export type IdentityProvider = {
  /** The issuer's URL; `/token/ada` and `/token/bob` answer with access tokens. */
  url: string;
  /** The settings that make services require its tokens. */
  settings: Record<string, string>;
  /** Idempotent. */
  stop(): Promise<void>;
};

export type IdentityProviderOptions = Surroundings & {
  port: number;
  /** The URL to which users return after signing in. */
  home: string;
  /** How long access tokens are valid. Default: 3,600 */
  tokenSeconds?: number;
  signal?: AbortSignal;
};

/** The audience of its tokens. */
const AUDIENCE = 'urn:millrace';
/** The public client that programs sign users in with. */
const CLIENT = 'millrace';

/** Starts an OpenID Connect provider for development on a port of 127.0.0.1. */
export async function startIdentityProvider({
  port,
  home,
  tokenSeconds = 3_600,
  signal,
  ...surroundings
}: IdentityProviderOptions): Promise<IdentityProvider> {
  await assertPublicPort(port, ['127.0.0.1']);
  // The issuer is part of an owner's id, so it must be the same in the next run.
  const url = `http://127.0.0.1:${port}`;
  const server = superviseProcess(
    {
      name: 'identity',
      command: process.execPath,
      args: [join(localFolder, 'identity-provider', 'main.mjs')],
      env: {
        ...systemEnvironment(),
        ...{ PORT: String(port), ISSUER: url, AUDIENCE, CLIENT, HOME: home },
        TOKEN_SECONDS: String(tokenSeconds),
      },
    },
    surroundings,
  );
  const stop = () => server.stop(2_000);
  try {
    await waitUntilReady(server, () => answers(`${url}/.well-known/openid-configuration`), { signal });
  } catch (error) {
    await stop();
    throw error;
  }
  const settings = {
    AUTH_MODE: 'jwt',
    AUTH_ISSUER: url,
    AUTH_AUDIENCE: AUDIENCE,
    AUTH_CLIENT_ID: CLIENT,
    SERVICE_TOKEN: randomBytes(32).toString('hex'),
  };
  return { url, settings, stop };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}
