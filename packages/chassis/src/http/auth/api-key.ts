import { hash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

// An API key is `millrace_`, 30 random characters (178 bits), and a checksum of 6. So secret scanners recognize a leaked key, and a mistyped
// one is detected without a lookup.

const PREFIX = 'millrace_';
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_LENGTH = 30;
const CHECK_LENGTH = 6;
const PATTERN = new RegExp(`^${PREFIX}([0-9A-Za-z]{${RANDOM_LENGTH}})([0-9A-Za-z]{${CHECK_LENGTH}})$`);
/** The part of a key that is shown, so that its owner recognizes it: 24 of the random characters stay secret. */
const SHOWN_LENGTH = PREFIX.length + 6;

export function createApiKey(): string {
  const random = Array.from({ length: RANDOM_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return PREFIX + random + checkOf(random);
}

/** Whether a token is meant to be an API key rather than a JWT. */
export function isApiKey(token: string): boolean {
  return token.startsWith(PREFIX);
}

/** Whether it can be a key that was created here. */
export function isWellFormed(key: string): boolean {
  const [, random, check] = PATTERN.exec(key) ?? [];
  return random !== undefined && checkOf(random) === check;
}

/** What is stored of a key. Keys are too long to be guessed, so a fast hash without salt is enough. */
export function hashOfKey(key: string): string {
  return hash('sha256', key, 'base64url');
}

export function prefixOfKey(key: string): string {
  return key.slice(0, SHOWN_LENGTH);
}

/** CRC-32, in base 62. */
function checkOf(random: string): string {
  let rest = crc32(random);
  let digits = '';
  while (digits.length < CHECK_LENGTH) {
    digits = ALPHABET[rest % ALPHABET.length]! + digits;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return digits;
}
