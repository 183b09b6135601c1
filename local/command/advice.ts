const diskIsFull = /\b(ENOSPC|EDQUOT)\b|no space left on device|disk quota exceeded/i;

/** Whether a line or a message is about a full disk. */
export function speaksOfFullDisk(text: string): boolean {
  return diskIsFull.test(text);
}

/** What a person can do about a failure that is caused by the machine: a sentence, or '' when nothing is known. */
export function adviceFor(message: string, dataDir: string): string {
  if (speaksOfFullDisk(message)) {
    return `The disk with ${dataDir} is full: free some space, then start again.`;
  }
  if (/\bEROFS\b|read-only file system/i.test(message)) {
    return `${dataDir} is read-only: copy the repository to a folder you can write to, and start it there.`;
  }
  if (/\b(EACCES|EPERM)\b/.test(message)) {
    return `Something in ${dataDir} belongs to another user, who ran Millrace before you. Remove it to start over.`;
  }
  return '';
}
