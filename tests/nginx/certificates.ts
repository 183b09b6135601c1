import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Credentials, issueCertificate, makeAuthority } from '../../local/certificates/authority.js';
import { replaceFile } from '../../local/stack/replace-file.js';

/** A certificate in files, from the test's own authority. */
export interface CertificateFiles {
  folder: string;
  certFile: string;
  keyFile: string;
  /** The authority's certificate. */
  ca: string;
  /** Another certificate for the same hosts, which is not in the files yet. */
  issue(): Promise<Credentials>;
  write(credentials: Partial<Credentials>): void;
  remove(): void;
}

export async function makeCertificateFiles(hosts: string[]): Promise<CertificateFiles> {
  const authority = await makeAuthority({
    name: 'Test',
    days: 1,
    onlyFor: { hosts, networks: ['127.0.0.0/8', '::1/128'] },
  });
  const folder = mkdtempSync(join(tmpdir(), 'millrace-tls-'));
  const [certFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  const issue = () => issueCertificate(authority, { hosts: [...hosts, '127.0.0.1'], days: 1 });
  const write = ({ certificate, key }: Partial<Credentials>) => {
    if (key !== undefined) replaceFile(keyFile, key, 0o600);
    if (certificate !== undefined) replaceFile(certFile, certificate);
  };
  write(await issue());
  const remove = () => rmSync(folder, { recursive: true });
  return { folder, certFile, keyFile, ca: authority.certificate, issue, write, remove };
}

export function serialNumber(certificate: string): string {
  return new X509Certificate(certificate).serialNumber;
}
