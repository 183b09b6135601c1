/** Names submissions, so that the server can tell a second try from a second submission. */
export interface SubmissionKeys {
  /** The same as last time while the content is the same and has not been accepted. */
  keyOf(content: unknown): string;
  /** The last one is accepted: what comes next is another, even with the same content. */
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
