import { chownSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../paths.js';
import type { PostgresAccount } from './postgres-account.js';

/** What postgres/start-with-tls sets in a container. The key must belong to the account, or PostgreSQL refuses it. */
export function postgresTlsSettings(folder: string, { uid, gid }: PostgresAccount): Record<string, string> {
  const file = (name: string) => join(folder, name);
  copyFileSync(join(repositoryRoot, 'postgres', 'pg_hba.conf'), file('pg_hba.conf'));
  if (uid !== undefined && gid !== undefined) chownSync(file('tls.key'), uid, gid);
  return {
    hba_file: file('pg_hba.conf'),
    ssl: 'on',
    ssl_min_protocol_version: 'TLSv1.3',
    ssl_cert_file: file('tls.crt'),
    ssl_key_file: file('tls.key'),
    ssl_ca_file: file('ca.crt'),
  };
}
