import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A program's certificate and key in TLS_DIR, and the authority that it trusts (PEM). */
export interface TlsFiles {
  cert: string;
  key: string;
  ca: string;
}

const names = { key: 'tls.key', cert: 'tls.crt', ca: 'ca.crt' } as const;

export function readTlsFiles(folder: string): TlsFiles {
  const read = (part: keyof TlsFiles) => readFileSync(join(folder, names[part]), 'utf8');
  return { cert: read('cert'), key: read('key'), ca: read('ca') };
}

/** Each file in one step, with the owner of the previous one: PostgreSQL requires to own its key. */
export function writeTlsFiles(folder: string, files: TlsFiles): void {
  mkdirSync(folder, { recursive: true });
  for (const part of ['key', 'cert', 'ca'] as const) {
    const file = join(folder, names[part]);
    writeFileSync(`${file}.new`, files[part], { mode: part === 'key' ? 0o600 : 0o644 });
    if (existsSync(file)) chownSync(`${file}.new`, statSync(file).uid, statSync(file).gid);
    renameSync(`${file}.new`, file);
  }
}
