import { readdirSync, readFileSync } from 'node:fs';

/**
 * The processes of a container, as this machine sees them: those of a node that is this machine, or a container on it (kind).
 * None when the node is elsewhere, or we are not root.
 */
export function processesOf(containerId: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(containerId);
      } catch {
        return false; // ended meanwhile
      }
    })
    .map(Number)
    .sort((one, other) => one - other);
}
