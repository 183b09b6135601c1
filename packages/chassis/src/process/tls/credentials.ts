import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../config/config-error.js';

/** A process's identity, and the authorities that it trusts. All PEM. */
export interface Credentials {
  /** Its certificate, followed by intermediate ones. */
  cert: string;
  key: string;
  ca: string;
  /** When the first of these certificates expires, in ms since 1970. */
  expiresAt: number;
}

/**
 * Reads `tls.crt`, `tls.key` and `ca.crt`, and checks that they match.
 *
 * @throws ConfigError that says what is wrong with which file
 */
export function readCredentials(folder: string, now = Date.now()): Credentials {
  const [cert, key, ca] = ['tls.crt', 'tls.key', 'ca.crt'].map((name) => readText(join(folder, name)));
  const problem = (name: string, what: string) => new ConfigError(`TLS_DIR: ${join(folder, name)} ${what}`);
  const parse = <Parsed>(name: string, what: string, read: () => Parsed) => {
    try {
      return read();
    } catch (error) {
      throw problem(name, `is not ${what} in PEM: ${(error as Error).message}`);
    }
  };
  const chain = parse('tls.crt', 'a certificate', () => certificatesIn(cert!));
  const authorities = parse('ca.crt', 'a certificate', () => certificatesIn(ca!));
  const privateKey = parse('tls.key', 'a private key', () => createPrivateKey(key!));

  const [own] = chain as [X509Certificate];
  if (!own.checkPrivateKey(privateKey)) throw problem('tls.key', 'does not belong to tls.crt');
  if (now < Date.parse(own.validFrom)) throw problem('tls.crt', `is not valid before ${own.validFrom}`);
  if (now > Date.parse(own.validTo)) throw problem('tls.crt', `expired on ${own.validTo}: renew it`);
  if (!isSignedBy(authorities, chain))
    throw problem(
      'tls.crt',
      'is not signed by the authority in ca.crt, against which other programs check it',
    );
  return { cert: cert!, key: key!, ca: ca!, expiresAt: Date.parse(own.validTo) };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(
      `TLS_DIR: ${path} cannot be read (${String((error as NodeJS.ErrnoException).code)})`,
    );
  }
}

/** @throws when there is none, or one is damaged */
export function certificatesIn(text: string): X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (!blocks) throw new Error('it contains none');
  return blocks.map((block) => new X509Certificate(block));
}

/** Whether the first certificate chains up to one of the authorities, through the others. */
function isSignedBy(authorities: X509Certificate[], [own, ...others]: X509Certificate[]): boolean {
  const signs = (issuer: X509Certificate) => own!.checkIssued(issuer) && own!.verify(issuer.publicKey);
  if (authorities.some(signs)) return true;
  const next = others.findIndex(signs);
  return next >= 0 && isSignedBy(authorities, others.slice(next));
}
