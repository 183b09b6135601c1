import { chownSync, copyFileSync, cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../paths.js';
import { isReachable, type PostgresAccount } from './postgres-account.js';

/** What postgres/start-with-tls sets in a container. The key must belong to the account, or PostgreSQL refuses it. */
export function postgresTlsSettings(folder: string, account: PostgresAccount): Record<string, string> {
  const place = account.uid === undefined || isReachable(folder) ? folder : copyInto(account, folder);
  const file = (name: string) => join(place, name);
  copyFileSync(join(repositoryRoot, 'postgres', 'pg_hba.conf'), file('pg_hba.conf'));
  if (account.uid !== undefined && account.gid !== undefined)
    chownSync(file('tls.key'), account.uid, account.gid);
  return {
    hba_file: file('pg_hba.conf'),
    ssl: 'on',
    ssl_min_protocol_version: 'TLSv1.3',
    ssl_cert_file: file('tls.crt'),
    ssl_key_file: file('tls.key'),
    ssl_ca_file: file('ca.crt'),
  };
}

/** For an account that cannot enter the folder, for example in a clone under /root. */
function copyInto({ clusterFolder, uid, gid }: PostgresAccount, folder: string): string {
  const copy = join(clusterFolder, 'tls');
  mkdirSync(copy, { recursive: true });
  chownSync(copy, uid!, gid!);
  cpSync(folder, copy, { recursive: true });
  return copy;
}
