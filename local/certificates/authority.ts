import 'reflect-metadata';
import { createPrivateKey, KeyObject, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_nameConstraints,
  NameConstraints,
} from '@peculiar/asn1-x509';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate and its private key, both as PEM. */
export type Credentials = { certificate: string; key: string };

export type AuthorityOptions = {
  /** Its common name, as lists of authorities show it. */
  name: string;
  days: number;
  /**
   * The only servers it can sign certificates for, so that a stolen key does no harm elsewhere. Names, including their subdomains, and networks such
   * as 127.0.0.0/8. Default: all, and clients
   */
  onlyFor?: { hosts: readonly string[]; networks: readonly string[] };
};

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

export async function makeAuthority({ name, days, onlyFor }: AuthorityOptions): Promise<Credentials> {
  const keys = await makeKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    ...validFor(days),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      // It cannot sign other authorities.
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ...(onlyFor ? limits(onlyFor) : []),
    ],
  });
  return { certificate: toPem(certificate), key: exportKey(keys.privateKey) };
}

/**
 * Issues a certificate for a server with these names and addresses.
 *
 * @param options.isClient whether it is also for the connections that the server opens. Default: false
 */
export async function issueCertificate(
  authority: Credentials,
  { hosts, days, isClient = false }: { hosts: readonly string[]; days: number; isClient?: boolean },
): Promise<Credentials> {
  const issuer = new X509Certificate(authority.certificate);
  const keys = await makeKeys();
  const certificate = await X509CertificateGenerator.create({
    // No common name: clients would take it for a host name where there are only addresses.
    subject: [{ O: ['Millrace'] }],
    issuer: issuer.subject,
    ...validFor(days),
    signingAlgorithm: algorithm,
    signingKey: await importKey(authority.key),
    publicKey: keys.publicKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([
        ExtendedKeyUsage.serverAuth,
        ...(isClient ? [ExtendedKeyUsage.clientAuth] : []),
      ]),
      await AuthorityKeyIdentifierExtension.create(issuer),
      new SubjectAlternativeNameExtension(
        hosts.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value })),
      ),
    ],
  });
  return { certificate: toPem(certificate), key: exportKey(keys.privateKey) };
}

/** Only for servers, with name constraints (RFC 5280, section 4.2.1.10), for which the library has no class. */
function limits({ hosts, networks }: NonNullable<AuthorityOptions['onlyFor']>): Extension[] {
  const names = [
    ...hosts.map((dNSName) => new GeneralName({ dNSName })),
    ...networks.map((iPAddress) => new GeneralName({ iPAddress })),
  ];
  const subtrees = names.map((base) => new GeneralSubtree({ base }));
  const constraints = new NameConstraints({ permittedSubtrees: new GeneralSubtrees(subtrees) });
  return [
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new Extension(id_ce_nameConstraints, true, AsnConvert.serialize(constraints)),
  ];
}

function validFor(days: number) {
  const now = Date.now();
  return { notBefore: new Date(now), notAfter: new Date(now + days * DAY_MS) };
}

function makeKeys() {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

function importKey(pem: string) {
  const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
}

/** With a line break at its end, so that certificates can be put one after the other. */
function toPem(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

function exportKey(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }) as string;
}
