import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Guard } from '../supervise/guard.js';
import { repositoryRoot } from '../paths.js';
import { findProgram } from './programs.js';
import { superviseProcess, type SupervisedProcess } from '../supervise/supervised-process.js';
import { serviceNames, variableName } from '#topology';
import { type PlannedReplica } from '../stack/replicas.js';

export type NginxOptions = {
  dataDir: string;
  guard: Guard;
  /** Addresses to listen on, e.g. ['127.0.0.1', '::1']. */
  hosts: string[];
  port: number;
  replicas: readonly PlannedReplica[];
  /** Calls the services with TLS, with the certificate in the folder `nginx` in here. Default: plain. */
  tlsDir?: string | undefined;
  onLine?: (source: string, line: string) => void;
  onEvent?: (line: string) => void;
};

export type NginxServer = {
  process: SupervisedProcess;
  /** Switches to other replicas if their addresses have changed; running requests are not disturbed. */
  reload(replicas: readonly PlannedReplica[]): void;
};

const sources = join(repositoryRoot, 'nginx');
const upstreamsTemplate = 'upstreams.local.conf';

/** Starts the machine's nginx with the configuration in `nginx/`, in its own folder. */
export function startNginx(options: NginxOptions): NginxServer {
  const { dataDir, guard, hosts, port, replicas, onLine, onEvent } = options;
  const folder = join(dataDir, 'nginx');
  rmSync(folder, { recursive: true, force: true });
  for (const name of ['logs', 'tmp']) mkdirSync(join(folder, name), { recursive: true });
  for (const name of readdirSync(sources).filter((file) => file.endsWith('.conf'))) {
    copyFileSync(join(sources, name), join(folder, name));
  }
  writeFileSync(
    join(folder, 'listen.conf'),
    hosts.map((host) => `listen ${bracketed(host)}:${port};\n`).join(''),
  );
  const { tlsDir } = options;
  const TLS_DIR = tlsDir && join(tlsDir, 'nginx');
  writeFileSync(join(folder, 'settings.conf'), renderSettings({ ...globalThis.process.env, TLS_DIR }));
  writeUpstreams(folder, replicas);

  const process = superviseProcess(
    {
      name: 'nginx',
      command: findProgram('nginx'),
      // -e: messages from before the configuration is read would go to a log file of the system.
      args: ['-p', `${folder}/`, '-e', 'stderr', '-c', 'nginx.conf', '-g', globalDirectives()],
      cwd: folder,
    },
    { guard, onLine, onEvent },
  );
  return {
    process,
    reload(newReplicas) {
      if (writeUpstreams(folder, newReplicas)) process.kill('SIGHUP');
    },
  };
}

/**
 * The part of nginx's configuration that comes from the environment, written by the same script as in containers.
 *
 * @throws an error that names each invalid variable
 */
export function renderSettings(environment: NodeJS.ProcessEnv = process.env): string {
  const { PATH, SERVER_NAMES, CORS_ORIGINS, TRUSTED_PROXIES, TLS_DIR } = environment;
  try {
    return execFileSync('sh', [join(sources, 'settings')], {
      env: { PATH, SERVER_NAMES, CORS_ORIGINS, TRUSTED_PROXIES, TLS_DIR },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    throw new Error((error as { stderr: string }).stderr.trim(), { cause: error });
  }
}

/** Returns whether anything has changed: nginx does not know most services. */
function writeUpstreams(folder: string, replicas: readonly PlannedReplica[]): boolean {
  const file = join(folder, 'upstreams.conf');
  const before = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  const template = readFileSync(join(sources, upstreamsTemplate), 'utf8');
  const upstreams = renderUpstreams(template, replicas);
  writeFileSync(file, upstreams);
  return upstreams !== before;
}

/** Replaces `${TASK_API_SERVERS}` and the like with a line for each replica. */
export function renderUpstreams(template: string, replicas: readonly PlannedReplica[]): string {
  return template.replace(/\$\{([A-Z_]+)_SERVERS\}/g, (placeholder, variable: string) => {
    const service = serviceNames.find((name) => variableName(name) === variable);
    if (!service) throw new Error(`${upstreamsTemplate} names ${placeholder}, but there is no such service.`);
    return replicas
      .filter((replica) => replica.service === service)
      .map(({ port }) => `server 127.0.0.1:${port} max_fails=0;`)
      .join('\n    ');
  });
}

function globalDirectives(): string {
  const directives = ['daemon off', 'pid nginx.pid'];
  // When root starts it, nginx would run its workers as a user who may not have access to the folder.
  if (globalThis.process.getuid?.() === 0) directives.push('user root root');
  return directives.map((directive) => `${directive};`).join(' ');
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
