import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { serviceNames } from '#topology';
import { writeTlsFiles } from '../servers/tls-files.js';
import { issueCertificate, makeAuthority } from './authority.js';

/** Longer than a local stack runs. */
const DAYS = 365;

/** The programs that each have their own certificate. */
export const programs = [
  ...serviceNames,
  ...['nginx', 'postgres', 'redis', 'postgres-exporter', 'redis-exporter'],
];

/**
 * Creates certificates for the programs of a local stack, each in a folder with the program's name, as TLS_DIR expects them. Their authority is new,
 * too, and its key is never written to a file.
 *
 * @returns where they are
 */
export async function makeProgramCertificates(dataDir: string): Promise<string> {
  const folder = join(dataDir, 'programs');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // When this runs as root, the user postgres must be able to enter it.
  chmodSync(folder, 0o711);
  const authority = await makeAuthority({ name: 'Millrace behind Nginx', days: DAYS });
  await Promise.all(
    programs.map(async (name) => {
      const hosts = [name, '127.0.0.1'];
      const { certificate, key } = await issueCertificate(authority, { hosts, days: DAYS, isClient: true });
      writeTlsFiles(join(folder, name), { cert: certificate, key, ca: authority.certificate });
    }),
  );
  return folder;
}
