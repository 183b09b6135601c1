import { readdirSync, readFileSync } from 'node:fs';

/**
 * The first process of a container, as this machine sees it, on a node that is this machine or a container on it (kind). Undefined when the
 * node is elsewhere, or we may not kill the process.
 */
export function firstProcessOf(containerId: string): number | undefined {
  if (process.getuid?.() !== 0 || process.platform !== 'linux') return undefined;
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .find((pid) => {
      try {
        const isItsOwn = readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(containerId);
        // Its ids in all namespaces, the innermost last.
        return isItsOwn && /^NSpid:.*\t1$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
      } catch {
        return false; // it has just ended
      }
    });
}
