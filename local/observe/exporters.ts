import { join } from 'node:path';
import { freePort } from '../servers/ports.js';
import type { PostgresServer } from '../servers/postgres.js';
import { findProgram } from '../servers/programs.js';
import type { RedisServer } from '../servers/redis.js';
import { replaceFile } from '../stack/replace-file.js';
import { systemEnvironment } from '../supervise/environment.js';
import type { Guard } from '../supervise/guard.js';
import { superviseProcess, type SupervisedProcess } from '../supervise/supervised-process.js';

export interface ExportersOptions {
  dataDir: string;
  guard: Guard;
  postgres: Pick<PostgresServer, 'host' | 'port' | 'database' | 'metrics'>;
  redis: Pick<RedisServer, 'port' | 'metrics'>;
  /** Where Nginx reports its status. */
  nginxStatusPort: number;
  /** PostgreSQL and Redis are queried with TLS, with the certificates in the subfolders `postgres-exporter` and `redis-exporter`. Default: plain. */
  tlsDir?: string | undefined;
  onEvent?: ((line: string) => void) | undefined;
}

interface Exporter {
  /** Debian's package and program, and the upstream program. */
  names: [string, string];
  args: string[];
  env: Record<string, string>;
}

/** Where Prometheus finds the exporters. */
export function exportersFile(dataDir: string): string {
  return join(dataDir, 'observe', 'exporters.json');
}

/** Starts the machine's exporters for Nginx, PostgreSQL and Redis, each on a free port of 127.0.0.1. Says which are not installed. */
export async function startExporters(options: ExportersOptions): Promise<SupervisedProcess[]> {
  const { dataDir, guard, onEvent } = options;
  const missing: string[] = [];
  const processes: SupervisedProcess[] = [];
  const targets: object[] = [];
  for (const [job, { names, args, env }] of Object.entries(exporters(options))) {
    const command = names.map(pathOf).find((path) => path !== undefined);
    if (command === undefined) {
      missing.push(names[0]);
      continue;
    }
    const address = `127.0.0.1:${await freePort()}`;
    const spec = {
      name: `${job}-exporter`,
      command,
      args: [...args, `--web.listen-address=${address}`],
      cwd: dataDir,
      // Passwords too: the process table shows arguments to everyone.
      env: { ...systemEnvironment(), ...env },
    };
    // Their output is of no use to people; if one fails, its last lines, which are kept, say why.
    processes.push(superviseProcess(spec, { guard, onEvent }));
    targets.push({ targets: [address], labels: { job } });
  }
  replaceFile(exportersFile(dataDir), JSON.stringify(targets, undefined, 2));
  if (missing.length > 0)
    onEvent?.(`Not installed, so their metrics are missing (Debian: apt-get install): ${missing.join(' ')}`);
  return processes;
}

/** By the job label of their metrics. */
function exporters({ postgres, redis, nginxStatusPort, tlsDir }: ExportersOptions): Record<string, Exporter> {
  const certificate = (exporter: string, file: string) => join(tlsDir!, exporter, file);
  const verification = tlsDir
    ? new URLSearchParams({
        sslmode: 'verify-full',
        sslrootcert: certificate('postgres-exporter', 'ca.crt'),
        sslcert: certificate('postgres-exporter', 'tls.crt'),
        sslkey: certificate('postgres-exporter', 'tls.key'),
      })
    : 'sslmode=disable';
  return {
    nginx: {
      names: ['prometheus-nginx-exporter', 'nginx-prometheus-exporter'],
      args: [`--nginx.scrape-uri=http://127.0.0.1:${nginxStatusPort}/stub_status`],
      env: {},
    },
    postgres: {
      names: ['prometheus-postgres-exporter', 'postgres_exporter'],
      args: [],
      env: {
        DATA_SOURCE_URI: `${postgres.host}:${postgres.port}/${postgres.database}?${String(verification)}`,
        DATA_SOURCE_USER: postgres.metrics.user,
        DATA_SOURCE_PASS: postgres.metrics.password,
      },
    },
    redis: {
      names: ['prometheus-redis-exporter', 'redis_exporter'],
      // Its user may not read the configuration.
      args: ['--config-command=-'],
      env: {
        REDIS_ADDR: `${tlsDir ? 'rediss' : 'redis'}://127.0.0.1:${redis.port}`,
        REDIS_USER: redis.metrics.user,
        REDIS_PASSWORD: redis.metrics.password,
        ...(tlsDir && {
          REDIS_EXPORTER_TLS_CA_CERT_FILE: certificate('redis-exporter', 'ca.crt'),
          REDIS_EXPORTER_TLS_CLIENT_CERT_FILE: certificate('redis-exporter', 'tls.crt'),
          REDIS_EXPORTER_TLS_CLIENT_KEY_FILE: certificate('redis-exporter', 'tls.key'),
        }),
      },
    },
  };
}

function pathOf(program: string): string | undefined {
  try {
    return findProgram(program);
  } catch {
    return undefined;
  }
}
