import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../stack/replace-file.js';
import { type Credentials, issueCertificate, makeAuthority } from './authority.js';

export type DevelopmentCertificate = {
  /** The certificate authority that clients must trust. */
  caFile: string;
  certFile: string;
  keyFile: string;
  /** Replaces the certificate with a new one. */
  renew: () => Promise<void>;
};

/** Every name of this machine that the stack answers to by default: nginx/origins.conf. */
const hosts = ['localhost', 'millrace.local', 'task-user.local'];
const addresses = ['127.0.0.1', '::1'];
const networks = ['127.0.0.0/8', '::1/128'];

const AUTHORITY_DAYS = 730;
/** An authority that expires sooner is replaced, so that no certificate outlives it. */
const AUTHORITY_LEAST_DAYS = 60;
const CERTIFICATE_DAYS = 30;
const DAY_MS = 86_400_000;

/** Issues a certificate for this machine, from an authority that is created once and kept in the data folder. */
export async function openDevelopmentCertificate(dataDir: string): Promise<DevelopmentCertificate> {
  const authorityFolder = privateFolder(dataDir, 'authority');
  // Separate from the authority's key, so that the folder can be mounted into a container.
  const folder = privateFolder(dataDir, 'tls');
  const caFile = join(authorityFolder, 'ca.crt');
  const caKeyFile = join(authorityFolder, 'ca.key');
  const [certFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];

  const authority = readAuthority(caFile, caKeyFile) ?? (await makeDevelopmentAuthority(caFile, caKeyFile));
  const renew = async () => {
    const { certificate, key } = await issueCertificate(authority, {
      hosts: [...hosts, ...addresses],
      days: CERTIFICATE_DAYS,
    });
    replaceFile(keyFile, key, 0o600);
    replaceFile(certFile, certificate);
  };
  await renew();
  return { caFile, certFile, keyFile, renew };
}

/** Undefined when there is none, or it expires too soon. */
function readAuthority(caFile: string, caKeyFile: string): Credentials | undefined {
  try {
    const [certificate, key] = [readFileSync(caFile, 'utf8'), readFileSync(caKeyFile, 'utf8')];
    const authority = new X509Certificate(certificate);
    const lasts = Date.parse(authority.validTo) > Date.now() + AUTHORITY_LEAST_DAYS * DAY_MS;
    return lasts && authority.checkPrivateKey(createPrivateKey(key)) ? { certificate, key } : undefined;
  } catch {
    return undefined;
  }
}

async function makeDevelopmentAuthority(caFile: string, caKeyFile: string): Promise<Credentials> {
  const name = `Millrace development on this machine, ${new Date().toISOString().slice(0, 10)}`;
  const authority = await makeAuthority({ name, days: AUTHORITY_DAYS, onlyFor: { hosts, networks } });
  replaceFile(caKeyFile, authority.key, 0o600);
  replaceFile(caFile, authority.certificate);
  return authority;
}

function privateFolder(dataDir: string, name: string): string {
  const folder = join(dataDir, name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}
