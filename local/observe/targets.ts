import { join } from 'node:path';
import { replaceFile } from '../stack/replace-file.js';
import type { PlannedReplica } from '../stack/replicas.js';

/** Where Prometheus finds the replicas: it reads the file again when it changes. */
export function targetsFile(dataDir: string): string {
  return join(dataDir, 'observe', 'targets.json');
}

/** Tells Prometheus the current replicas (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config). */
export function writeTargets(dataDir: string, replicas: readonly PlannedReplica[]): void {
  const targets = replicas.map(({ service, metricsPort }) => ({
    targets: [`127.0.0.1:${metricsPort}`],
    labels: { job: service },
  }));
  replaceFile(targetsFile(dataDir), JSON.stringify(targets, undefined, 2));
}
