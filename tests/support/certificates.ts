import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { issueCertificate, makeAuthority } from '../../local/certificates/authority.js';
import { writeTlsFiles } from '../../local/servers/tls-files.js';

/** A test's own certificate authority. */
export interface TestAuthority {
  /** Where its certificates are: a folder for each name, as TLS_DIR expects. */
  folder: string;
  /** Its own certificate, in PEM. */
  certificate: string;
  /**
   * Creates a new certificate, also for 127.0.0.1, which replaces the existing one.
   *
   * @param options.folder where. Default: its own
   * @param options.trusted the authorities that its owner trusts. Default: this one
   * @returns its folder
   */
  issue(name: string, options?: { folder?: string; trusted?: string }): Promise<string>;
  remove(): void;
}

export async function createAuthority(): Promise<TestAuthority> {
  const own = mkdtempSync(join(tmpdir(), 'millrace-tls-'));
  // When this runs as root, the user postgres must be able to enter it.
  chmodSync(own, 0o711);
  const authority = await makeAuthority({ name: 'Test', days: 2 });
  return {
    folder: own,
    certificate: authority.certificate,
    async issue(name, { folder = own, trusted = authority.certificate } = {}) {
      const target = join(folder, name);
      const wanted = { hosts: [name, '127.0.0.1'], days: 1, isClient: true };
      const { certificate, key } = await issueCertificate(authority, wanted);
      writeTlsFiles(target, { cert: certificate, key, ca: trusted });
      return target;
    },
    remove: () => rmSync(own, { recursive: true }),
  };
}
