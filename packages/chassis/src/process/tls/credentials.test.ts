import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority, type TestAuthority } from '../../../../../tests/support/certificates.js';
import { ConfigError } from '../config/config-error.js';
import { readCredentials } from './credentials.js';
import { trusting } from './identity.js';

const DAY_MS = 86_400_000;

let authority: TestAuthority;
let other: TestAuthority;
let own: string;
beforeAll(async () => {
  [authority, other] = await Promise.all([createAuthority(), createAuthority()]);
  [own] = await Promise.all([authority.issue('task-api'), other.issue('task-api')]);
});
afterAll(() => {
  authority.remove();
  other.remove();
});

const OTHERS = 'those of the other authority';

/** A folder in which these files replace the matching ones. */
function folderWith(files: Record<string, string | undefined>): string {
  const folder = join(authority.folder, 'tried');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const name of ['tls.crt', 'tls.key', 'ca.crt']) copyFileSync(join(own, name), join(folder, name));
  for (const [name, text] of Object.entries(files)) {
    if (text === undefined) rmSync(join(folder, name));
    else if (text === OTHERS) copyFileSync(join(other.folder, 'task-api', name), join(folder, name));
    else writeFileSync(join(folder, name), text);
  }
  return folder;
}

it('reads a certificate, its key and the authority, and says when it expires', () => {
  const { ca, expiresAt } = readCredentials(own);
  expect(ca).toBe(authority.certificate);
  expect(expiresAt - Date.now()).toBeGreaterThan(DAY_MS / 2);
  expect(expiresAt - Date.now()).toBeLessThan(1.1 * DAY_MS);
});

it.each([
  ['a file is missing', { 'tls.key': undefined }, /tls\.key cannot be read \(ENOENT\)$/],
  [
    'a certificate is not one',
    { 'tls.crt': 'hello' },
    /tls\.crt is not a certificate in PEM: it contains none$/,
  ],
  ['a key is not one', { 'tls.key': 'hello' }, /tls\.key is not a private key in PEM: /],
  ['the key is of another certificate', { 'tls.key': OTHERS }, /tls\.key does not belong to tls\.crt$/],
  [
    'the authority is another one',
    { 'ca.crt': OTHERS },
    /tls\.crt is not signed by the authority in ca\.crt/,
  ],
])('says so when %s', (_case, files, message) => {
  const read = () => readCredentials(folderWith(files));
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(message);
});

it('says so when the certificate has expired, or is not valid yet', () => {
  expect(() => readCredentials(own, Date.now() + 2 * DAY_MS)).toThrow(/tls\.crt expired on .+: renew it$/);
  expect(() => readCredentials(own, Date.now() - DAY_MS)).toThrow(/tls\.crt is not valid before /);
});

it('says so when STORES_CA is not a certificate', () => {
  expect(() => trusting('hello')).toThrow('STORES_CA is not a certificate in PEM: it contains none');
  expect(trusting(authority.certificate).context()).toBeDefined();
});
