const REASONS: [RegExp, string][] = [
  [
    /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED)/,
    'the other side’s certificate is not signed by our authority: compare the two ca.crt files',
  ],
  [/^CERT_HAS_EXPIRED$/, 'the other side’s certificate has expired: renew it'],
  [/^CERT_NOT_YET_VALID$/, 'the other side’s certificate is not valid yet: compare the clocks'],
  [
    /ALERT_(CERTIFICATE_REQUIRED|UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|HANDSHAKE_FAILURE)/,
    'the other side does not accept our certificate: compare the two ca.crt files',
  ],
  [/ALERT_CERTIFICATE_EXPIRED/, 'our certificate has expired: renew it'],
  [/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/, 'the other side does not use TLS: turn it on there'],
];

/** What a TLS error means to an operator. Undefined when its message is clear, or it is another error. */
export function reasonOf(error: unknown): string | undefined {
  const code = String((error as { code?: unknown } | null)?.code);
  return REASONS.find(([pattern]) => pattern.test(code))?.[1];
}
