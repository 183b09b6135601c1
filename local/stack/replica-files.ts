import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { replaceFile } from './replace-file.js';

// How services find the replicas of the services they call: a file for each service, with one base URL per line, which they reread every
// second.

/** As an entry of a `<NAME>_URLS` variable, whose entries are separated by commas. */
export function replicaFileUrl(dataDir: string, service: string): string {
  return pathToFileURL(replicaFile(dataDir, service)).href.replaceAll(',', '%2C');
}

export function writeReplicaFiles(
  dataDir: string,
  replicas: readonly { service: string; url: string }[],
): void {
  for (const service of new Set(replicas.map((replica) => replica.service))) {
    const urls = replicas.filter((replica) => replica.service === service).map(({ url }) => `${url}\n`);
    replaceFile(replicaFile(dataDir, service), urls.join(''));
  }
}

function replicaFile(dataDir: string, service: string): string {
  return join(dataDir, 'replicas', service);
}
