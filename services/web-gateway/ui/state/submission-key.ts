/** Idempotency keys, with which the server tells a second try from a second submission. */
export interface SubmissionKeys {
  /** The same key until the content changes or has been accepted. */
  keyOf(content: unknown): string;
  /** The last submission is accepted: the next one gets a new key, even with the same content. */
  accepted(): void;
}

export function createSubmissionKeys(): SubmissionKeys {
  let last: { content: string; key: string } | undefined;
  return {
    keyOf(content) {
      const text = JSON.stringify(content);
      if (last?.content !== text) last = { content: text, key: newKey() };
      return last.key;
    },
    accepted() {
      last = undefined;
    },
  };
}

/** 128 random bits. `crypto.randomUUID` is missing on plain HTTP. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
