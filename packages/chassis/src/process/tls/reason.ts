const REASONS: [RegExp, string][] = [
  [
    /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED)/,
    'the certificate of the other side is not signed by our authority: compare both ca.crt',
  ],
  [/^CERT_HAS_EXPIRED$/, 'the certificate of the other side has expired: renew it'],
  [/^CERT_NOT_YET_VALID$/, 'the certificate of the other side is not valid yet: compare the clocks'],
  [
    /ALERT_(CERTIFICATE_REQUIRED|UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|HANDSHAKE_FAILURE)/,
    'the other side does not accept our certificate: compare both ca.crt',
  ],
  [/ALERT_CERTIFICATE_EXPIRED/, 'our certificate has expired: renew it'],
  [/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/, 'the other side does not use TLS: turn it on there'],
];

/** What an error of TLS means for whoever runs this. Undefined: it says so itself, or is another error. */
export function reasonOf(error: unknown): string | undefined {
  const code = String((error as { code?: unknown } | null)?.code);
  return REASONS.find(([pattern]) => pattern.test(code))?.[1];
}
