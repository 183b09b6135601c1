import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeAuthority } from './authority.js';
import { openDevelopmentCertificate } from './development.js';

let dataDir: string;

beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'millrace-certificates-'))));
afterEach(() => rmSync(dataDir, { recursive: true }));

const read = (file: string) => new X509Certificate(readFileSync(file));
const modeOf = (file: string) => (statSync(file).mode & 0o777).toString(8);

test('is for this machine, and lasts less than 90 days', async () => {
  const { certFile } = await openDevelopmentCertificate(dataDir);
  const certificate = read(certFile);
  for (const host of ['localhost', 'millrace.local', 'task-user.local'])
    expect(certificate.checkHost(host)).toBe(host);
  for (const address of ['127.0.0.1', '::1']) expect(certificate.checkIP(address)).toBe(address);
  expect(Date.parse(certificate.validTo) - Date.now()).toBeLessThan(90 * 86_400_000);
});

test('hides its keys from other users, and stores the authority’s in a separate folder', async () => {
  const { caFile, keyFile } = await openDevelopmentCertificate(dataDir);
  expect([keyFile, join(dataDir, 'authority', 'ca.key')].map(modeOf)).toEqual(['600', '600']);
  expect([join(dataDir, 'tls'), join(dataDir, 'authority')].map(modeOf)).toEqual(['700', '700']);
  expect(caFile).toBe(join(dataDir, 'authority', 'ca.crt'));
});

test('has the same authority at the next start, and another certificate', async () => {
  const first = await openDevelopmentCertificate(dataDir);
  const [authority, certificate] = [read(first.caFile), read(first.certFile)];
  const next = await openDevelopmentCertificate(dataDir);
  expect(read(next.caFile).serialNumber).toBe(authority.serialNumber);
  expect(read(next.certFile).serialNumber).not.toBe(certificate.serialNumber);
  expect(read(next.certFile).verify(authority.publicKey)).toBe(true);
});

test('renews itself in place', async () => {
  const { certFile, renew } = await openDevelopmentCertificate(dataDir);
  const { serialNumber } = read(certFile);
  await renew();
  expect(read(certFile).serialNumber).not.toBe(serialNumber);
});

test.each([
  ['is damaged', () => Promise.resolve('no certificate')],
  ['has another key', async () => (await makeAuthority({ ...any, days: 730 })).certificate],
])('creates a new authority when the existing one %s', async (_how, text) => {
  const { caFile } = await openDevelopmentCertificate(dataDir);
  const { serialNumber } = read(caFile);
  writeFileSync(caFile, await text());
  const next = await openDevelopmentCertificate(dataDir);
  expect(read(next.caFile).serialNumber).not.toBe(serialNumber);
  expect(read(next.certFile).verify(read(next.caFile).publicKey)).toBe(true);
});

test('creates a new authority when the existing one expires soon', async () => {
  const { caFile } = await openDevelopmentCertificate(dataDir);
  const { certificate, key } = await makeAuthority({ ...any, days: 59 });
  writeFileSync(caFile, certificate);
  writeFileSync(join(dataDir, 'authority', 'ca.key'), key);
  const next = await openDevelopmentCertificate(dataDir);
  expect(Date.parse(read(next.caFile).validTo) - Date.now()).toBeGreaterThan(700 * 86_400_000);
});

const any = { name: 'Other', onlyFor: { hosts: ['localhost'], networks: ['127.0.0.0/8', '::1/128'] } };
