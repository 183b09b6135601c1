import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The certificate in a folder, as programs in this process show it. */
export function readTlsFiles(folder: string): { cert: string; key: string; ca: string } {
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  return { cert: read('tls.crt'), key: read('tls.key'), ca: read('ca.crt') };
}
