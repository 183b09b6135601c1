import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A certificate authority of a test's own. */
export interface TestAuthority {
  /** Where its certificates are: a folder for each name, as TLS_DIR has it. */
  folder: string;
  /** Its own certificate, in PEM. */
  certificate: string;
  /** Makes a new certificate, also for 127.0.0.1, in place of the one that there was. @returns its folder */
  issue(name: string): Promise<string>;
  remove(): void;
}

const MINIMAL = '[req]\ndistinguished_name = dn\n[dn]\n';

/** Uses the machine's openssl. */
export async function createAuthority(): Promise<TestAuthority> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-tls-'));
  // The user postgres must be able to enter it.
  chmodSync(folder, 0o711);
  const own = join(folder, 'authority');
  mkdirSync(own);
  const config = join(own, 'openssl.cnf');
  writeFileSync(
    config,
    `${MINIMAL}[ca]\nbasicConstraints = critical,CA:TRUE\nkeyUsage = keyCertSign,cRLSign\n`,
  );
  const [caKey, caCertificate] = [join(own, 'ca.key'), join(own, 'ca.crt')];
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-config', config];
  await openssl(
    ...['req', '-x509', ...newKey, '-keyout', caKey, '-out', caCertificate],
    ...['-subj', '/CN=Test', '-days', '2', '-extensions', 'ca'],
  );
  const certificate = readFileSync(caCertificate, 'utf8');

  return {
    folder,
    certificate,
    async issue(name) {
      const target = join(folder, name);
      mkdirSync(target, { recursive: true });
      const file = (part: string) => join(own, `${name}.${part}`);
      await openssl(
        'req',
        '-new',
        ...newKey,
        '-keyout',
        file('key'),
        '-out',
        file('csr'),
        '-subj',
        `/CN=${name}`,
      );
      writeFileSync(
        file('ext'),
        `subjectAltName = DNS:${name},IP:127.0.0.1\nextendedKeyUsage = serverAuth,clientAuth\n`,
      );
      await openssl(
        ...['x509', '-req', '-in', file('csr'), '-out', file('crt'), '-days', '1', '-extfile', file('ext')],
        ...['-CA', caCertificate, '-CAkey', caKey, '-set_serial', `0x${randomBytes(8).toString('hex')}`],
      );
      replace(file('key'), join(target, 'tls.key'));
      replace(file('crt'), join(target, 'tls.crt'));
      writeFileSync(join(target, 'ca.crt'), certificate);
      return target;
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** In one step, and owned as before: PostgreSQL wants its key for itself. */
function replace(made: string, path: string): void {
  chmodSync(made, 0o600);
  if (!path.endsWith('.key')) chmodSync(made, 0o644);
  if (existsSync(path)) {
    const { uid, gid } = statSync(path);
    chownSync(made, uid, gid);
  }
  renameSync(made, path);
}

const run = promisify(execFile);

/** @throws with what openssl says, when it fails */
async function openssl(...args: string[]): Promise<void> {
  await run('openssl', args);
}
