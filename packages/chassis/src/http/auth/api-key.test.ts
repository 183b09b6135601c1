import { createApiKey, hashOfKey, isApiKey, isWellFormed, prefixOfKey } from './api-key.js';

it('creates different keys, which secret scanners can recognize', () => {
  const keys = Array.from({ length: 1_000 }, createApiKey);
  expect(new Set(keys).size).toBe(1_000);
  for (const key of keys) {
    expect(key).toMatch(/^millrace_[0-9A-Za-z]{36}$/);
    expect(isApiKey(key) && isWellFormed(key)).toBe(true);
  }
});

it('detects a changed character, and anything that is not a key', () => {
  const key = createApiKey();
  for (let at = 'millrace_'.length; at < key.length; at += 1) {
    const other = key[at] === 'a' ? 'b' : 'a';
    expect(isWellFormed(key.slice(0, at) + other + key.slice(at + 1))).toBe(false);
  }
  for (const other of ['', 'millrace_', key.slice(1), `${key}a`, ` ${key}`, `${key}\n`])
    expect(isWellFormed(other)).toBe(false);
});

it('keeps its format: existing keys stay valid', () => {
  // The checksum is CRC-32 of the thirty characters, in base 62.
  expect(isWellFormed('millrace_0000000000000000000000000000002C8GjS')).toBe(true);
});

it('stores and shows nothing that reveals a key', () => {
  const key = createApiKey();
  expect(hashOfKey(key)).toMatch(/^[\w-]{43}$/);
  expect(prefixOfKey(key)).toBe(key.slice(0, 15));
});
