import { copyFileSync, statSync, truncateSync } from 'node:fs';

/**
 * Keeps a log file from growing forever: when it is too large, it becomes `FILE.1` and begins again, as with logrotate's `copytruncate`. Whoever
 * writes it has it open for appending, and need not know; lines that come in between are lost.
 *
 * @param options.maxBytes default: 32 MiB
 * @param options.everyMs how often to look. Default: 10,000
 * @returns a function that stops it
 */
export function boundLog(file: string, { maxBytes = 32 * 1024 ** 2, everyMs = 10_000 } = {}): () => void {
  const look = () => {
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) <= maxBytes) return;
    try {
      copyFileSync(file, `${file}.1`);
    } catch {
      // On a full disk there is no room for a copy: all the more reason to begin again.
    }
    truncateSync(file);
  };
  const timer = setInterval(look, everyMs).unref();
  return () => clearInterval(timer);
}
