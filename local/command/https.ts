import { openDevelopmentCertificate } from '../certificates/development.js';
import type { HttpsOptions } from '../servers/nginx-settings.js';
import type { Arguments } from './arguments.js';

export type Https = HttpsOptions & {
  /** The development authority, which clients must trust. Undefined with the user's own certificate. */
  caFile?: string;
};

const DAY_MS = 86_400_000;

/**
 * Finds or creates the certificate for HTTPS, and renews a created one every day until the signal.
 *
 * @returns undefined when HTTPS is off
 */
export async function openHttps(
  { tls, certificate, httpsPort: port }: Arguments,
  dataDir: string,
  { signal, say }: { signal: AbortSignal; say: (line: string) => void },
): Promise<Https | undefined> {
  if (certificate) return { port, ...certificate };
  if (!tls) return undefined;
  const { caFile, certFile, keyFile, renew } = await openDevelopmentCertificate(dataDir);
  const renewal = setInterval(() => {
    renew().catch((error: unknown) => say(`the certificate was not renewed: ${(error as Error).message}`));
  }, DAY_MS);
  signal.addEventListener('abort', () => clearInterval(renewal));
  return { port, certFile, keyFile, caFile };
}
