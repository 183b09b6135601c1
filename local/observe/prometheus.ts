import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../paths.js';
import { freePort } from '../servers/ports.js';
import { findProgram } from '../servers/programs.js';
import type { Guard } from '../supervise/guard.js';
import { superviseProcess, type SupervisedProcess } from '../supervise/supervised-process.js';
import { exportersFile } from './exporters.js';
import { targetsFile } from './targets.js';

export interface PrometheusServer {
  url: string;
  process: SupervisedProcess;
}

export interface PrometheusOptions {
  dataDir: string;
  guard: Guard;
  onLine?: ((source: string, line: string) => void) | undefined;
  onEvent?: ((line: string) => void) | undefined;
  /** How often replicas are scraped and rules evaluated. Default: 5 s. */
  everySeconds?: number;
}

/** Prometheus uses at most this much disk space. */
const RETENTION = ['--storage.tsdb.retention.time=2d', '--storage.tsdb.retention.size=256MB'];

/**
 * Starts the machine's Prometheus on a free port of 127.0.0.1, with the product's rules. It is not awaited, because nothing needs it.
 *
 * @returns undefined, and says so, when there is none
 */
export async function startPrometheus(options: PrometheusOptions): Promise<PrometheusServer | undefined> {
  const { dataDir, guard, onLine, onEvent, everySeconds = 5 } = options;
  const folder = join(dataDir, 'observe');
  mkdirSync(folder, { recursive: true });
  const configuration = join(folder, 'prometheus.yaml');
  writeFileSync(configuration, configure(dataDir, everySeconds));

  let command: string;
  try {
    command = findProgram('prometheus');
  } catch {
    onEvent?.(
      `Prometheus is not installed (Debian: apt-get install prometheus): metrics are available only from the replicas themselves. Their ports: ${targetsFile(dataDir)}`,
    );
    return undefined;
  }
  const port = await freePort();
  const args = [
    `--config.file=${configuration}`,
    `--storage.tsdb.path=${join(folder, 'prometheus')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--enable-feature=exemplar-storage',
    '--log.level=warn',
    ...RETENTION,
  ];
  const process = superviseProcess(
    { name: 'prometheus', command, args, cwd: folder },
    { guard, onLine, onEvent },
  );
  return { url: `http://127.0.0.1:${port}`, process };
}

function configure(dataDir: string, everySeconds: number): string {
  const text = (value: string) => JSON.stringify(value);
  return `# Written by npm start -- --observe.
global:
  scrape_interval: ${everySeconds}s
  scrape_timeout: ${everySeconds}s
  evaluation_interval: ${everySeconds}s
rule_files: [${text(join(repositoryRoot, 'observe/prometheus/rules.yaml'))}]
scrape_configs:
  - job_name: services
    file_sd_configs:
      - files: [${text(targetsFile(dataDir))}, ${text(exportersFile(dataDir))}]
`;
}
