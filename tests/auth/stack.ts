import { randomBytes } from 'node:crypto';
import { startStack, type Stack } from '../../local/stack/stack.js';
import { AUDIENCE, type Issuer, startIssuer } from '../support/issuer.js';

/** A stack with AUTH_MODE=jwt, and the issuer that it trusts. */
export interface SecuredStack extends Pick<Stack, 'url' | 'replicas' | 'postgres' | 'stop'> {
  issuer: Issuer;
  serviceToken: string;
}

/** @param options.observe whether it stores traces. Default: false */
export async function startSecuredStack({ observe = false } = {}): Promise<SecuredStack> {
  const issuer = await startIssuer();
  const serviceToken = randomBytes(32).toString('hex');
  try {
    const stack = await startStack({
      port: 'free',
      observe,
      env: {
        all: {
          AUTH_MODE: 'jwt',
          AUTH_ISSUER: issuer.url,
          AUTH_AUDIENCE: AUDIENCE,
          SERVICE_TOKEN: serviceToken,
        },
      },
    });
    const { url, replicas, postgres } = stack;
    const stop = async () => {
      await stack.stop();
      await issuer.stop();
    };
    return { url, replicas, postgres, issuer, serviceToken, stop };
  } catch (error) {
    await issuer.stop();
    throw error;
  }
}
